/* SPDX-License-Identifier: MIT */
/*
 * Load order: dependencies first, each once; built-in and absent drivers left out; broken texts refused.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "core/image/modorder.h"

static struct err e;

static void expect(const char *dep, const char *builtin, const char *const *wanted, const char *order)
{
	auto_modorder m = {0};
	auto_buf got = {0};

	assert_ok(modorder_resolve(dep, builtin, wanted, &m, &e), &e);
	for (size_t i = 0; i < m.n; i++)
		buf_addf(&got, "%s\n", m.paths[i]);
	assert_string_equal(buf_cstr(&got), order);
}

static const char *const net[] = {"virtio_net", "virtio_mmio", NULL};

static void test_dependencies_first(void **state)
{
	(void)state;
	/* As depmod writes it: a module's own dependencies first, the deepest last. */
	expect("k/virtio_net.ko: k/net_failover.ko k/failover.ko k/virtio.ko k/virtio_ring.ko\n"
	       "k/net_failover.ko: k/failover.ko\n"
	       "k/failover.ko:\n"
	       "k/virtio.ko: k/virtio_ring.ko\n"
	       "k/virtio_ring.ko:\n"
	       "k/virtio_mmio.ko: k/virtio.ko k/virtio_ring.ko\n",
	       "", net,
	       "k/failover.ko\nk/net_failover.ko\nk/virtio_ring.ko\nk/virtio.ko\nk/virtio_net.ko\nk/virtio_mmio.ko\n");
}

static void test_names(void **state)
{
	static const char *const rng[] = {"virtio_rng", "crc_t10dif", NULL};

	(void)state;
	expect("k/virtio-rng.ko.xz:\nk/crc-t10dif.ko.zst:\n", "", rng, "k/virtio-rng.ko.xz\nk/crc-t10dif.ko.zst\n");
}

static void test_builtin_and_absent(void **state)
{
	static const char *const wanted[] = {"ext4", "overlay", "nothing", NULL};

	(void)state;
	expect("k/overlay.ko:\n", "kernel/fs/ext4/ext4.ko\n", wanted, "k/overlay.ko\n");
	expect("k/ext4.ko:\nk/overlay.ko:\n", "kernel/fs/ext4/ext4.ko\n", wanted, "k/overlay.ko\n");
	expect("", "", wanted, "");
	expect("k/overlay.ko:", "kernel/fs/ext4/ext4.ko", wanted, "k/overlay.ko\n");
}

static void test_ring_ends(void **state)
{
	static const char *const a[] = {"a", NULL};

	(void)state;
	expect("k/a.ko: k/b.ko\nk/b.ko: k/a.ko\n", "", a, "k/b.ko\nk/a.ko\n");
}

static void test_refusals(void **state)
{
	static const char *const bad[] = {
		"no colon\n", "/abs/a.ko:\n", "../a.ko:\n",	     "k/../a.ko:\n",
		"k/a:\n",     ": k/a.ko\n",   "k/a.ko: k/gone.ko\n", "k/a.ko\033[m.ko:\n",
	};
	static const char *const a[] = {"a", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_modorder m = {0};

		assert_err(modorder_resolve(bad[i], "", a, &m, &e), &e, ERR_PROTO);
		assert_int_equal(m.n, 0);
	}
}

static void test_deep_chain_is_refused(void **state)
{
	static const char *const first[] = {"m0", NULL};
	auto_modorder m = {0};
	auto_buf dep = {0};

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_addf(&dep, "k/m%d.ko: k/m%d.ko\n", i, i + 1);
	buf_adds(&dep, "k/m5000.ko:\n");
	assert_err(modorder_resolve(buf_cstr(&dep), "", first, &m, &e), &e, ERR_PROTO);
	assert_int_equal(m.n, 0);
}

static void test_lists(void **state)
{
	(void)state;
	assert_true(modorder_lists("kernel/fs/ext4/ext4.ko.zst: kernel/lib/crc16.ko\n", "ext4"));
	assert_false(modorder_lists("kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko\n", "crc16"));
	assert_true(modorder_lists("kernel/lib/a.ko\nkernel/drivers/virtio-mmio.ko", "virtio_mmio"));
	assert_false(modorder_lists("kernel/lib/a.ko\n", "b"));
	assert_false(modorder_lists("", "b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dependencies_first), cmocka_unit_test(test_names),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_builtin_and_absent), cmocka_unit_test(test_ring_ends),
		cmocka_unit_test(test_refusals),	   cmocka_unit_test(test_deep_chain_is_refused),
	};

	return cmocka_run_group_tests_name("modorder", tests, NULL, NULL);
}
