# vmm: virtual machine monitors: launch, control, proof of life.
noinst_LIBRARIES += libvmm.a
libvmm_a_SOURCES = \
	src/core/vmm/alive.c src/core/vmm/alive.h \
	src/core/vmm/cmdline.c src/core/vmm/cmdline.h \
	src/core/vmm/fc_api.c src/core/vmm/fc_api.h src/core/vmm/fc_link.c \
	src/core/vmm/firecracker.c src/core/vmm/firecracker.h \
	src/core/vmm/kvm.c src/core/vmm/kvm.h \
	src/core/vmm/launch.c \
	src/core/vmm/pvh.c src/core/vmm/pvh.h \
	src/core/vmm/qemu.c src/core/vmm/qemu_ctl.c src/core/vmm/qemu_link.c src/core/vmm/qemu.h \
	src/core/vmm/qmp.c src/core/vmm/qmp.h \
	src/core/vmm/records.c \
	src/core/vmm/tsc.c src/core/vmm/tsc.h \
	src/core/vmm/vmm.c src/core/vmm/vmm.h
