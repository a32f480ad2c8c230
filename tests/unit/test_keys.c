/* SPDX-License-Identifier: MIT */
/*
 * Key formats against the programs that own them (ssh-keygen, dropbearkey), and the once-only making of key files.
 */
#include "base/fs.h"
#include "base/spawn.h"
#include "core/guest/keys.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 8032 §7.1, TEST 2. */
static const uint8_t rfc_seed[KEYS_RAW_LEN] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
					       0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
					       0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
static const uint8_t rfc_pub[KEYS_RAW_LEN] = {0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
					      0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
					      0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c};
static const uint8_t rfc_sig_start[8] = {0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8};

static struct keys_pair rfc_pair(void)
{
	struct keys_pair k;

	memcpy(k.seed, rfc_seed, sizeof(rfc_seed));
	memcpy(k.pub.raw, rfc_pub, sizeof(rfc_pub));
	return k;
}

static void assert_same(const struct keys_pair *a, const struct keys_pair *b)
{
	assert_memory_equal(a->seed, b->seed, KEYS_RAW_LEN);
	assert_true(keys_pub_equal(&a->pub, &b->pub));
}

static void test_sign(void **state)
{
	struct keys_pair k = rfc_pair();
	uint8_t sig[KEYS_SIG_LEN];
	struct err e = {0};

	(void)state;
	assert_ok(keys_sign(&k, "\x72", 1, sig, &e), &e);
	assert_memory_equal(sig, rfc_sig_start, sizeof(rfc_sig_start));
}

static void test_make_differs(void **state)
{
	struct keys_pair a, b, zero = {0};
	struct err e = {0};

	(void)state;
	assert_ok(keys_make(&a, &e), &e);
	assert_ok(keys_make(&b, &e), &e);
	assert_false(keys_pub_equal(&a.pub, &b.pub));
	keys_wipe(&a);
	assert_memory_equal(&a, &zero, sizeof(a));
}

static void test_round_trips(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		struct keys_pair k, back;
		auto_buf ssh = {0}, bear = {0}, line = {0};
		uint8_t blob[KEYS_BLOB_LEN];
		struct keys_pub pub;
		struct err e = {0};
		char comment[64];

		/* Every length of comment once: the padding of the format changes with it. */
		memset(comment, 'c', sizeof(comment));
		comment[i] = '\0';
		assert_ok(keys_make(&k, &e), &e);
		keys_format_openssh(&k, comment, &ssh);
		assert_ok(keys_parse_openssh(ssh.data, ssh.len, &back, &e), &e);
		assert_same(&k, &back);
		keys_format_dropbear(&k, &bear);
		assert_ok(keys_parse_dropbear(bear.data, bear.len, &back, &e), &e);
		assert_same(&k, &back);
		keys_pub_blob(&k.pub, blob);
		assert_ok(keys_pub_from_blob(blob, sizeof(blob), &pub, &e), &e);
		assert_true(keys_pub_equal(&pub, &k.pub));
		keys_pub_format(&k.pub, comment, &line);
		assert_ok(keys_pub_parse(line.data, &pub, &e), &e);
		assert_true(keys_pub_equal(&pub, &k.pub));
	}
}

/* No prefix of a key is a key, and no byte flipped in one crashes the parser. */
static void test_damage(void **state)
{
	struct keys_pair k = rfc_pair(), back;
	auto_buf ssh = {0}, bear = {0};
	struct err e = {0};

	(void)state;
	keys_format_openssh(&k, "x", &ssh);
	keys_format_dropbear(&k, &bear);
	for (size_t n = 0; n < bear.len; n++)
		assert_err(keys_parse_dropbear(bear.data, n, &back, &e), &e, ERR_PROTO);
	for (size_t n = 0; n + 1 < ssh.len; n += 7)
		assert_err(keys_parse_openssh(ssh.data, n, &back, &e), &e, ERR_PROTO);
	for (size_t i = 0; i < ssh.len; i++) {
		ssh.data[i] ^= 1;
		if (keys_parse_openssh(ssh.data, ssh.len, &back, &e) == 0)
			assert_same(&k, &back);
		ssh.data[i] ^= 1;
		err_clear(&e);
	}
	bear.data[bear.len - 1] ^= 1;
	assert_err(keys_parse_dropbear(bear.data, bear.len, &back, &e), &e, ERR_PROTO);
	assert_err(keys_pub_parse("ssh-rsa AAAA", &back.pub, &e), &e, ERR_PROTO);
	assert_err(keys_pub_parse("ssh-ed25519 AAAA", &back.pub, &e), &e, ERR_PROTO);
	assert_err(keys_pub_parse("", &back.pub, &e), &e, ERR_PROTO);
}

/* stdout of a tool, or skip when it is not here. */
static void run_tool(const char *const *argv, struct buf *out)
{
	struct spawn_run_args a = {.argv = argv};
	struct err e = {0};
	struct op op;
	int rc;

	op_init(&op, 20000);
	rc = spawn_run(&op, &a, out, &e);
	op_done(&op);
	if (rc < 0 && e.code == ERR_MISSING) {
		print_message("*** SKIPPED: %s ***\n", e.msg);
		skip();
	}
	assert_ok(rc, &e);
}

static void test_ssh_keygen_agrees(void **state)
{
	struct keys_pair k = rfc_pair();
	const char *path = tmpdir_path(state, "key");
	const char *const derive[] = {"ssh-keygen", "-y", "-f", path, NULL};
	const char *const list[] = {"ssh-keygen", "-l", "-f", path, NULL};
	auto_buf text = {0}, out = {0}, want = {0}, print = {0};

	keys_format_openssh(&k, "a comment", &text);
	test_write(path, text.data);
	run_tool(derive, &out);
	keys_pub_format(&k.pub, "a comment", &want);
	buf_addc(&want, '\n');
	assert_string_equal(out.data, want.data);
	buf_reset(&out);
	run_tool(list, &out);
	keys_fingerprint(&k.pub, &print);
	assert_non_null(strstr(out.data, print.data));
}

static void test_reads_what_ssh_keygen_makes(void **state)
{
	const char *path = tmpdir_path(state, "made");
	const char *pub_path = tmpdir_path(state, "made.pub");
	const char *locked = tmpdir_path(state, "locked");
	const char *const plain[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL};
	const char *const secret[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", locked, NULL};
	auto_buf out = {0};
	struct keys_pair k;
	struct keys_pub pub;
	struct err e = {0};

	run_tool(plain, &out);
	assert_ok(keys_load(path, &k, &e), &e);
	auto_free char *line = test_read(pub_path);
	assert_ok(keys_pub_parse(line, &pub, &e), &e);
	assert_true(keys_pub_equal(&pub, &k.pub));
	run_tool(secret, &out);
	assert_err(keys_load(locked, &k, &e), &e, ERR_AUTH);
}

static void test_dropbearkey_agrees(void **state)
{
	struct keys_pair k = rfc_pair();
	const char *path = tmpdir_path(state, "bear");
	const char *const argv[] = {"dropbearkey", "-y", "-f", path, NULL};
	auto_buf raw = {0}, out = {0}, want = {0};
	struct err e = {0};

	keys_format_dropbear(&k, &raw);
	assert_ok(fs_write_atomic(path, raw.data, raw.len, 0600, &e), &e);
	run_tool(argv, &out);
	keys_pub_format(&k.pub, NULL, &want);
	assert_non_null(strstr(out.data, want.data));
}

static void test_made_once(void **state)
{
	const char *dir = tmpdir_path(state, "state");
	const char *vm = tmpdir_path(state, "vm");
	struct keys_pair a, b;
	struct keys_pub pub;
	struct stat st;
	struct err e = {0};

	assert_ok(keys_user(dir, &a, &e), &e);
	assert_ok(keys_user(dir, &b, &e), &e);
	assert_same(&a, &b);
	assert_int_equal(stat(tmpdir_path(state, "state/ssh/" KEYS_USER_FILE), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(tmpdir_path(state, "state/ssh"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_err(keys_vm_host_pub(vm, &pub, &e), &e, ERR_NOT_FOUND);
	assert_ok(keys_vm_host(vm, &a, &e), &e);
	assert_ok(keys_vm_host_pub(vm, &pub, &e), &e);
	assert_true(keys_pub_equal(&pub, &a.pub));
	/* A lost or wrong public file is made again from the private one. */
	test_write(tmpdir_path(state, "vm/" KEYS_HOST_FILE ".pub"), "ssh-ed25519 wrong\n");
	assert_ok(keys_vm_host(vm, &b, &e), &e);
	assert_ok(keys_vm_host_pub(vm, &pub, &e), &e);
	assert_true(keys_pub_equal(&pub, &a.pub));
}

static void test_damaged_file_stays(void **state)
{
	const char *dir = tmpdir_path(state, "state");
	const char *path = tmpdir_path(state, "state/ssh/" KEYS_USER_FILE);
	struct keys_pair k;
	struct err e = {0};

	assert_ok(keys_user(dir, &k, &e), &e);
	test_write(path, "precious");
	assert_err(keys_user(dir, &k, &e), &e, ERR_PROTO);
	auto_free char *left = test_read(path);
	assert_string_equal(left, "precious");
}

struct racer {
	const char *dir;
	pthread_barrier_t *barrier;
	struct keys_pair got;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct err e = {0};

	pthread_barrier_wait(r->barrier);
	return keys_user(r->dir, &r->got, &e) < 0 ? r : NULL;
}

static void test_race_has_one_winner(void **state)
{
	pthread_barrier_t barrier;
	struct racer r[8];
	pthread_t t[8];
	void *failed;

	pthread_barrier_init(&barrier, NULL, 8);
	for (int i = 0; i < 8; i++) {
		r[i] = (struct racer){.dir = *state, .barrier = &barrier};
		assert_int_equal(pthread_create(&t[i], NULL, race, &r[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(t[i], &failed), 0);
		assert_null(failed);
		assert_same(&r[0].got, &r[i].got);
	}
	pthread_barrier_destroy(&barrier);
}

#define T(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign),	    cmocka_unit_test(test_make_differs),
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_damage),
		T(test_ssh_keygen_agrees),	    T(test_reads_what_ssh_keygen_makes),
		T(test_dropbearkey_agrees),	    T(test_made_once),
		T(test_damaged_file_stays),	    T(test_race_has_one_winner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
