/* SPDX-License-Identifier: MIT */
/*
 * model/vm_state, model/vm: which moves are legal, that every state has a way out, and that words survive a round trip.
 */
#include "tests/lib/test.h"

#include "core/model/vm.h"

/* -1 = not legal. Written out, not computed: this is the contract. */
static const int expected[VM_STATE_COUNT][VM_EV_COUNT] = {
	/*		 STARTED     STOPPED	 PAUSED	    RESUMED	FAILED */
	[VM_CREATED] = {VM_RUNNING, VM_STOPPED, -1, -1, VM_ERROR},
	[VM_RUNNING] = {VM_RUNNING, VM_STOPPED, VM_PAUSED, -1, VM_ERROR},
	[VM_PAUSED] = {-1, VM_STOPPED, -1, VM_RUNNING, VM_ERROR},
	[VM_STOPPED] = {VM_RUNNING, VM_STOPPED, -1, -1, VM_ERROR},
	[VM_ERROR] = {VM_RUNNING, VM_STOPPED, -1, -1, VM_ERROR},
};

static void moves_are_those_of_the_table(void **state UNUSED)
{
	for (int s = 0; s < VM_STATE_COUNT; s++) {
		for (int ev = 0; ev < VM_EV_COUNT; ev++) {
			enum vm_state to = VM_STATE_COUNT;
			bool legal = vm_state_next((enum vm_state)s, (enum vm_event)ev, &to);

			assert_int_equal(legal, expected[s][ev] >= 0);
			assert_int_equal(to, legal ? expected[s][ev] : VM_STATE_COUNT);
		}
	}
}

static void every_state_can_be_left_and_stopped(void **state UNUSED)
{
	for (int s = 0; s < VM_STATE_COUNT; s++) {
		enum vm_state to;

		assert_true(vm_state_next((enum vm_state)s, VM_EV_STOPPED, &to));
		assert_false(vm_state_is_live(to));
		assert_true(vm_state_next((enum vm_state)s, VM_EV_FAILED, &to));
		assert_int_equal(to, VM_ERROR);
	}
}

static void live_means_running_or_paused(void **state UNUSED)
{
	assert_true(vm_state_is_live(VM_RUNNING));
	assert_true(vm_state_is_live(VM_PAUSED));
	assert_false(vm_state_is_live(VM_CREATED));
	assert_false(vm_state_is_live(VM_STOPPED));
	assert_false(vm_state_is_live(VM_ERROR));
}

static void state_words_round_trip(void **state UNUSED)
{
	enum vm_state back = VM_ERROR;

	for (int s = 0; s < VM_STATE_COUNT; s++) {
		assert_true(vm_state_from_string(vm_state_to_string((enum vm_state)s), &back));
		assert_int_equal(back, s);
	}
	back = VM_PAUSED;
	assert_false(vm_state_from_string("runing", &back));
	assert_false(vm_state_from_string("", &back));
	assert_int_equal(back, VM_PAUSED);
	assert_string_equal(vm_state_to_string(VM_STATE_COUNT), "?");
}

static void stored_words_do_not_change(void **state UNUSED)
{
	assert_string_equal(vm_state_to_string(VM_CREATED), "created");
	assert_string_equal(vm_state_to_string(VM_RUNNING), "running");
	assert_string_equal(vm_state_to_string(VM_PAUSED), "paused");
	assert_string_equal(vm_state_to_string(VM_STOPPED), "stopped");
	assert_string_equal(vm_state_to_string(VM_ERROR), "error");
	assert_string_equal(disk_mode_to_string(DISK_OVERLAY), "overlay");
	assert_string_equal(disk_mode_to_string(DISK_COPY), "copy");
	assert_string_equal(disk_mode_to_string(DISK_DM_SNAPSHOT), "dm-snapshot");
	assert_string_equal(net_mode_to_string(NET_SLIRP), "slirp");
	assert_string_equal(vmm_kind_to_string(VMM_AUTO), "auto");
	assert_string_equal(vmm_kind_to_string(VMM_QEMU), "qemu");
	assert_string_equal(vmm_kind_to_string(VMM_FIRECRACKER), "firecracker");
	assert_string_equal(vm_vmm_name(&(struct vm){.why = "firecracker 1.16.1, a guest ran"}), "firecracker");
	assert_string_equal(vm_vmm_name(&(struct vm){.why = "qemu 7.2, so"}), "qemu");
	assert_string_equal(vm_vmm_name(&(struct vm){.cfg.vmm = VMM_FIRECRACKER}), "firecracker");
}

static void config_words_round_trip(void **state UNUSED)
{
	enum disk_mode d = DISK_COPY;
	enum net_mode n = NET_SLIRP;
	enum vmm_kind k = VMM_QEMU;

	for (int i = 0; i < DISK_MODE_COUNT; i++)
		assert_true(disk_mode_from_string(disk_mode_to_string((enum disk_mode)i), &d) && (int)d == i);
	for (int i = 0; i < NET_MODE_COUNT; i++)
		assert_true(net_mode_from_string(net_mode_to_string((enum net_mode)i), &n) && (int)n == i);
	for (int i = 0; i < VMM_KIND_COUNT; i++)
		assert_true(vmm_kind_from_string(vmm_kind_to_string((enum vmm_kind)i), &k) && (int)k == i);
	assert_false(disk_mode_from_string("Overlay", &d));
	assert_false(net_mode_from_string("tap", &n));
	assert_false(vmm_kind_from_string("xen", &k));
	assert_string_equal(disk_mode_to_string(DISK_MODE_COUNT), "?");
	assert_string_equal(net_mode_to_string(NET_MODE_COUNT), "?");
	assert_string_equal(vmm_kind_to_string(VMM_KIND_COUNT), "?");
}

static void ssh_is_where_the_network_has_it(void **state UNUSED)
{
	struct vm vm = {.cfg.net = NET_SLIRP};

	assert_int_equal(vm_ssh_port(&vm), 0);
	vm.ssh_port = 22001;
	assert_string_equal(vm_ssh_host(&vm), "127.0.0.1");
	assert_int_equal(vm_ssh_port(&vm), 22001);
	vm.cfg.net = NET_BRIDGE;
	assert_int_equal(vm_ssh_port(&vm), 0); /* no address yet */
	strcpy(vm.address, "172.16.0.2");
	assert_string_equal(vm_ssh_host(&vm), "172.16.0.2");
	assert_int_equal(vm_ssh_port(&vm), VM_SSH_GUEST_PORT);
}

static void size_is_what_runs_and_waits_for_the_next_start(void **state UNUSED)
{
	struct vm vm = {.state = VM_CREATED, .cfg = {.vcpus = 2, .mem_mib = 512}};

	assert_int_equal(vm_size(&vm).mem_mib, 512);
	assert_false(vm_size_waits(&vm));
	vm.run_vcpus = 1;
	vm.run_mem_mib = 256;
	for (int s = 0; s < VM_STATE_COUNT; s++) {
		bool live = vm_state_is_live((enum vm_state)s);

		vm.state = (enum vm_state)s;
		assert_int_equal(vm_size(&vm).vcpus, live ? 1 : 2);
		assert_int_equal(vm_size(&vm).mem_mib, live ? 256 : 512);
		assert_int_equal(vm_size_waits(&vm), live);
	}
	vm.state = VM_RUNNING; /* started by a program that did not write it down */
	vm.run_vcpus = vm.run_mem_mib = 0;
	assert_int_equal(vm_size(&vm).vcpus, 2);
	assert_false(vm_size_waits(&vm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_are_those_of_the_table), cmocka_unit_test(every_state_can_be_left_and_stopped),
		cmocka_unit_test(live_means_running_or_paused), cmocka_unit_test(state_words_round_trip),
		cmocka_unit_test(stored_words_do_not_change),	cmocka_unit_test(config_words_round_trip),
		cmocka_unit_test(ssh_is_where_the_network_has_it),
		cmocka_unit_test(size_is_what_runs_and_waits_for_the_next_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
