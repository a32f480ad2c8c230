# Unit tests of engine.
if HAVE_CMOCKA
ENGINE_TESTS = \
	tests/unit/test_fault \
	tests/unit/test_fault_start \
	tests/unit/test_follow \
	tests/unit/test_held \
	tests/unit/test_helper \
	tests/unit/test_jobrows \
	tests/unit/test_imagecmd \
	tests/unit/test_keylocks \
	tests/unit/test_dir_list \
	tests/unit/test_doctor \
	tests/unit/test_host_jobs \
	tests/unit/test_leftovers \
	tests/unit/test_preflight \
	tests/unit/test_reconcile \
	tests/unit/test_register \
	tests/unit/test_registry \
	tests/unit/test_sampler \
	tests/unit/test_meter \
	tests/unit/test_sched \
	tests/unit/test_settings \
	tests/unit/test_ssh_config \
	tests/unit/test_steps \
	tests/unit/test_vmmchoice \
	tests/unit/test_sudoask \
	tests/unit/test_vmnames
check_PROGRAMS += $(ENGINE_TESTS)
TESTS += $(ENGINE_TESTS)

ENGINE_TEST_LIBS = libengine.a $(NAMESRV_LIBS) $(KEEPER_LIBS) $(IMAGE_LIBS) $(DISK_LIBS) $(PRIV_LIBS) $(GUEST_LIBS) libstore.a libmodel.a \
	$(SQLITE_LIBS) $(TEST_LIBS)
RIG = tests/lib/rig.c tests/lib/rig.h tests/lib/storetest.h

FAULT = tests/lib/fault.c tests/lib/fault.h $(RIG)

# What test_fault makes fail: calls from one object file into another, through the linker.
FAULT_WRAPS = \
	-Wl,--wrap=alive_kill -Wl,--wrap=alive_release \
	-Wl,--wrap=fs_mkdir_p -Wl,--wrap=fs_remove_tree \
	-Wl,--wrap=image_fetch -Wl,--wrap=images_get -Wl,--wrap=images_put \
	-Wl,--wrap=kernel_fetch -Wl,--wrap=kernel_is_of -Wl,--wrap=kernels_get -Wl,--wrap=kernels_put \
	-Wl,--wrap=keys_vm_host -Wl,--wrap=knownhosts_remove \
	-Wl,--wrap=publish_begin -Wl,--wrap=publish_commit \
	-Wl,--wrap=resources_add -Wl,--wrap=resources_list -Wl,--wrap=resources_remove \
	-Wl,--wrap=store_begin -Wl,--wrap=store_commit \
	-Wl,--wrap=vmdisk_create \
	-Wl,--wrap=vms_delete -Wl,--wrap=vms_get -Wl,--wrap=vms_insert

# And test_fault_start; what has no real guest or kernel is replaced the same way.
FAULT_START_WRAPS = \
	-Wl,--wrap=alive_check -Wl,--wrap=alive_kill -Wl,--wrap=alive_release -Wl,--wrap=alive_take \
	-Wl,--wrap=alive_wait_gone -Wl,--wrap=exec_capture -Wl,--wrap=exec_stream -Wl,--wrap=exit_load -Wl,--wrap=identity_load \
	-Wl,--wrap=keeper_launch -Wl,--wrap=keeper_prepare -Wl,--wrap=kernel_files -Wl,--wrap=keys_user -Wl,--wrap=keys_vm_host \
	-Wl,--wrap=keys_vm_host_pub -Wl,--wrap=knownhosts_put -Wl,--wrap=kvm_probe -Wl,--wrap=ready_wait \
	-Wl,--wrap=images_get_id -Wl,--wrap=images_put -Wl,--wrap=publish_begin -Wl,--wrap=publish_commit \
	-Wl,--wrap=priv_call -Wl,--wrap=priv_look -Wl,--wrap=priv_start -Wl,--wrap=priv_stop \
	-Wl,--wrap=registry_sync -Wl,--wrap=resources_add -Wl,--wrap=resources_list -Wl,--wrap=resources_remove \
	-Wl,--wrap=seed_write -Wl,--wrap=slirp_reserve -Wl,--wrap=ssh_connect -Wl,--wrap=store_begin \
	-Wl,--wrap=store_commit -Wl,--wrap=vmdisk_check -Wl,--wrap=vmm_find -Wl,--wrap=vmm_stop \
	-Wl,--wrap=vms_get -Wl,--wrap=vms_raise_stop_epoch -Wl,--wrap=vms_update

tests_unit_test_fault_SOURCES = tests/unit/test_fault.c $(FAULT)
tests_unit_test_fault_LDFLAGS = $(AM_LDFLAGS) $(FAULT_WRAPS)
tests_unit_test_fault_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c
tests_unit_test_settings_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_fault_start_SOURCES = tests/unit/test_fault_start.c $(FAULT)
tests_unit_test_fault_start_LDFLAGS = $(AM_LDFLAGS) $(FAULT_START_WRAPS)
tests_unit_test_fault_start_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_follow_SOURCES = tests/unit/test_follow.c
tests_unit_test_follow_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_held_SOURCES = tests/unit/test_held.c tests/lib/storetest.h
tests_unit_test_held_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=priv_call -Wl,--wrap=priv_start -Wl,--wrap=priv_stop
tests_unit_test_held_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_helper_SOURCES = tests/unit/test_helper.c
tests_unit_test_helper_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=priv_call -Wl,--wrap=priv_look -Wl,--wrap=priv_start -Wl,--wrap=priv_stop
tests_unit_test_helper_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_jobrows_SOURCES = tests/unit/test_jobrows.c tests/lib/storetest.h
tests_unit_test_jobrows_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_imagecmd_SOURCES = tests/unit/test_imagecmd.c
tests_unit_test_imagecmd_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_keylocks_SOURCES = tests/unit/test_keylocks.c
tests_unit_test_keylocks_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_doctor_SOURCES = tests/unit/test_doctor.c tests/unit/vmm_sample.h tests/lib/fakekit.h tests/lib/fakeelf.h tests/lib/storetest.h tests/lib/netns.c tests/lib/netns.h
tests_unit_test_doctor_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=doctor_ask
tests_unit_test_doctor_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_dir_list_SOURCES = tests/unit/test_dir_list.c $(RIG)
tests_unit_test_dir_list_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=statx
tests_unit_test_dir_list_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_host_jobs_SOURCES = tests/unit/test_host_jobs.c $(RIG)
tests_unit_test_host_jobs_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_leftovers_SOURCES = tests/unit/test_leftovers.c
tests_unit_test_leftovers_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_preflight_SOURCES = tests/unit/test_preflight.c
tests_unit_test_preflight_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_register_SOURCES = tests/unit/test_register.c $(RIG)
tests_unit_test_register_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_registry_SOURCES = tests/unit/test_registry.c tests/lib/storetest.h
tests_unit_test_registry_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_reconcile_SOURCES = tests/unit/test_reconcile.c $(RIG)
tests_unit_test_reconcile_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_sampler_SOURCES = tests/unit/test_sampler.c
tests_unit_test_sampler_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_meter_SOURCES = tests/unit/test_meter.c
tests_unit_test_meter_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_sched_SOURCES = tests/unit/test_sched.c
tests_unit_test_sched_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_ssh_config_SOURCES = tests/unit/test_ssh_config.c tests/lib/storetest.h
tests_unit_test_ssh_config_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_steps_SOURCES = tests/unit/test_steps.c
tests_unit_test_steps_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_vmmchoice_SOURCES = tests/unit/test_vmmchoice.c
tests_unit_test_vmmchoice_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_sudoask_SOURCES = tests/unit/test_sudoask.c
tests_unit_test_sudoask_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_vmnames_SOURCES = tests/unit/test_vmnames.c tests/lib/storetest.h
tests_unit_test_vmnames_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=namesrv_begin,--wrap=netmode_give_back
tests_unit_test_vmnames_LDADD = $(ENGINE_TEST_LIBS)
endif
