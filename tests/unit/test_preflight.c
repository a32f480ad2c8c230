/* SPDX-License-Identifier: MIT */
/*
 * engine/preflight: each thing that would make a start fail is told with its remedy, and all of them at once.
 */
#include "tests/lib/test.h"

#include "base/conf.h"
#include "base/fs.h"
#include "core/engine/preflight.h"
#include "core/image/image.h"
#include "core/image/kernel.h"

#include <sys/stat.h>

#define ID "aaaa00000001"
#define IMAGE_ID "1111aaaa2222"

static struct op op;
static struct err e;
static struct conf conf;
static struct engine eng;
static struct vmjob job;
static struct vmm_choice vmm;

/* A host with all that the VM wants. */
static int setup(void **state)
{
	if (tmpdir_setup(state) < 0)
		return -1;
	op_init(&op, 30000);
	conf = (struct conf){0};
	eng = (struct engine){.conf = &conf, .limits = {.cpus = 2, .mem_bytes = (uint64_t)1 << 30}};
	str_copy(eng.paths.state, sizeof(eng.paths.state), *state);
	job = (struct vmjob){.eng = &eng, .lock_fd = -1, .port_fd = -1};
	job.vm.cfg = (struct vm_config){.kernel = "debian",
					.disk = DISK_OVERLAY,
					.vmm = VMM_AUTO,
					.mem_mib = 256,
					.overlay_bytes = 1 << 26,
					.work_bytes = 1 << 26};
	str_copy(job.vm.id, sizeof(job.vm.id), ID);
	str_copy(job.vm.name, sizeof(job.vm.name), "web1");
	str_copy(job.vm.image_id, sizeof(job.vm.image_id), IMAGE_ID);
	vm_dir(&eng, ID, job.dir);
	assert_ok(store_open(tmpdir_path(state, "state.db"), STORE_RW, 5000, &job.store, &e), &e);
	tmpdir_put(state, "qemu", "#!/bin/sh\necho 'QEMU emulator version 7.2.1 (Debian)'\n");
	assert_int_equal(chmod(tmpdir_path(state, "qemu"), 0700), 0);
	conf.paths.qemu = xstrdup(tmpdir_path(state, "qemu"));
	tmpdir_put(state, "images/" IMAGE_ID "/" IMAGE_ROOTFS, "x");
	tmpdir_put(state, "kernels/debian/" KERNEL_VMLINUZ, "x");
	tmpdir_put(state, "vms/" ID "/upper.ext4", "x");
	tmpdir_put(state, "vms/" ID "/work.ext4", "x");
	return 0;
}

static int teardown(void **state)
{
	store_close(job.store);
	free(conf.paths.qemu);
	op_done(&op);
	return tmpdir_teardown(state);
}

static void a_host_with_everything_passes(void **state UNUSED)
{
	assert_ok(preflight_start(&op, &job, &vmm, &e), &e);
	assert_string_equal(vmm.info.version, "7.2.1");
	assert_string_equal(vmm.info.path, conf.paths.qemu);
}

static void a_lost_disk_is_named(void **state)
{
	assert_ok(fs_unlink(tmpdir_path(state, "vms/" ID "/work.ext4"), &e), &e);
	assert_int_equal(preflight_start(&op, &job, &vmm, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "work.ext4"));
	err_clear(&e);
}

static void a_kernel_that_is_not_here_is_to_be_pulled(void **state)
{
	assert_ok(fs_remove_tree(tmpdir_path(state, "kernels"), &e), &e);
	assert_int_equal(preflight_start(&op, &job, &vmm, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.hint, "kernel pull debian"));
	err_clear(&e);
}

static void more_memory_than_the_host_has_is_refused(void **state UNUSED)
{
	job.vm.cfg.mem_mib = 1025;
	assert_int_equal(preflight_start(&op, &job, &vmm, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.hint, "vm set --memory SIZE web1"));
	err_clear(&e);
	job.vm.cfg.mem_mib = 1024;
	assert_ok(preflight_start(&op, &job, &vmm, &e), &e);
}

static void a_missing_vmm_is_told(void **state UNUSED)
{
	strcpy(conf.paths.qemu + strlen(conf.paths.qemu) - 4, "none");
	assert_err(preflight_start(&op, &job, &vmm, &e), &e, ERR_MISSING);
}

/* The loopback's network is taken on every host. */
static void a_bridge_over_another_network_is_refused_with_a_free_one(void **state)
{
	job.vm.cfg.net = NET_BRIDGE;
	eng.settings.subnet = (struct subnet){.addr = 0x7f000101, .mask = 0xffffff00, .prefix = 24};
	assert_ok(fs_remove_tree(tmpdir_path(state, "kernels"), &e), &e);
	assert_int_equal(preflight_start(&op, &job, &vmm, &e), -1);
	assert_non_null(strstr(e.msg, "127.0.1.1/24 overlaps 127.0.0.0/8 of interface lo"));
	assert_non_null(strstr(e.msg, "net { address = \"1"));
	assert_non_null(strstr(e.msg, "kernel pull debian"));
	err_clear(&e);
}

/* Nobody mends one thing to be told the next. */
static void all_of_it_is_told_at_once(void **state)
{
	strcpy(conf.paths.qemu + strlen(conf.paths.qemu) - 4, "none");
	assert_ok(fs_remove_tree(tmpdir_path(state, "kernels"), &e), &e);
	assert_ok(fs_remove_tree(tmpdir_path(state, "images"), &e), &e);
	job.vm.cfg.mem_mib = 4096;
	assert_int_equal(preflight_start(&op, &job, &vmm, &e), -1);
	assert_non_null(strstr(e.msg, "none"));
	assert_non_null(strstr(e.msg, "images/" IMAGE_ID));
	assert_non_null(strstr(e.msg, "kernel pull debian"));
	assert_non_null(strstr(e.msg, "vm set --memory"));
	err_clear(&e);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_host_with_everything_passes),
		T(a_lost_disk_is_named),
		T(a_kernel_that_is_not_here_is_to_be_pulled),
		T(more_memory_than_the_host_has_is_refused),
		T(a_missing_vmm_is_told),
		T(a_bridge_over_another_network_is_refused_with_a_free_one),
		T(all_of_it_is_told_at_once),
	};

	return cmocka_run_group_tests_name("preflight", tests, NULL, NULL);
}
