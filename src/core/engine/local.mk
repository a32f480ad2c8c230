# engine: requests, jobs, steps, reconcile, figures.
noinst_LIBRARIES += libengine.a
libengine_a_SOURCES = \
	src/core/engine/diskuse.c \
	src/core/engine/do_console_open.c \
	src/core/engine/do_dir_list.c \
	src/core/engine/do_host_doctor.c \
	src/core/engine/do_host_mend.c \
	src/core/engine/do_host_sweep.c \
	src/core/engine/do_image_prune.c \
	src/core/engine/do_image_register.c \
	src/core/engine/do_object_delete.c \
	src/core/engine/do_pull.c \
	src/core/engine/do_vm_commit.c \
	src/core/engine/do_vm_create.c \
	src/core/engine/do_vm_delete.c \
	src/core/engine/do_vm_kill.c \
	src/core/engine/do_vm_pause.c \
	src/core/engine/do_vm_reap.c \
	src/core/engine/do_vm_set.c \
	src/core/engine/do_vm_start.c \
	src/core/engine/do_vm_stop.c \
	src/core/engine/doctor.c src/core/engine/doctor.h src/core/engine/doctor_priv.h \
	src/core/engine/doctor_bridge.c src/core/engine/doctor_image.c \
	src/core/engine/doctor_host.c src/core/engine/doctor_net.c src/core/engine/doctor_store.c \
	src/core/engine/doctor_tools.c src/core/engine/doctor_vmm.c \
	src/core/engine/egressnames.c src/core/engine/egressnames.h \
	src/core/engine/engine.c src/core/engine/engine.h src/core/engine/engine_priv.h \
	src/core/engine/event.h src/core/engine/request.h \
	src/core/engine/exec.c \
	src/core/engine/figures.c src/core/engine/figures.h \
	src/core/engine/follow.c src/core/engine/follow.h \
	src/core/engine/growdisk.c \
	src/core/engine/growdisk.h \
	src/core/engine/guestseed.c src/core/engine/guestseed.h \
	src/core/engine/held.c src/core/engine/held.h \
	src/core/engine/helper.c src/core/engine/helper.h \
	src/core/engine/host.c \
	src/core/engine/hold.c src/core/engine/hold.h \
	src/core/engine/imagecmd.c src/core/engine/imagecmd.h \
	src/core/engine/jobrows.c src/core/engine/jobrows.h \
	src/core/engine/keylocks.c src/core/engine/keylocks.h \
	src/core/engine/names.c \
	src/core/engine/leftovers.c src/core/engine/leftovers.h \
	src/core/engine/meter.c src/core/engine/meter.h \
	src/core/engine/net_bridge.c src/core/engine/net_private.c src/core/engine/net_slirp.c \
	src/core/engine/netmode.c src/core/engine/netmode.h \
	src/core/engine/netwatch.c src/core/engine/netwatch.h \
	src/core/engine/publishing.c src/core/engine/publishing.h \
	src/core/engine/preflight.c src/core/engine/preflight.h \
	src/core/engine/reconcile.c \
	src/core/engine/registry.c src/core/engine/registry.h \
	src/core/engine/sampler.c src/core/engine/sampler.h \
	src/core/engine/sched.c src/core/engine/sched_queue.c src/core/engine/sched_run.c \
	src/core/engine/sched.h src/core/engine/sched_priv.h \
	src/core/engine/settings.c src/core/engine/settings.h \
	src/core/engine/snapdisk.c src/core/engine/snapdisk.h \
	src/core/engine/ssh_config.c \
	src/core/engine/steps.c src/core/engine/steps.h \
	src/core/engine/sudoask.c src/core/engine/sudoask.h \
	src/core/engine/svc.c \
	src/core/engine/vmjob.c src/core/engine/vmjob.h \
	src/core/engine/vmmchoice.c src/core/engine/vmmchoice.h \
	src/core/engine/vmnames.c src/core/engine/vmnames.h
