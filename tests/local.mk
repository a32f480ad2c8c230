# Unit tests: one binary a module, each linking only what its layer allows.
AM_TESTS_ENVIRONMENT = LC_ALL=C.UTF-8; export LC_ALL;
include $(srcdir)/tests/unit/base.mk
include $(srcdir)/tests/unit/wire.mk
include $(srcdir)/tests/unit/bootkit.mk
include $(srcdir)/tests/unit/model.mk
include $(srcdir)/tests/unit/store.mk
include $(srcdir)/tests/unit/disk.mk
include $(srcdir)/tests/unit/namesrv.mk
include $(srcdir)/tests/unit/net.mk
include $(srcdir)/tests/unit/priv.mk
include $(srcdir)/tests/unit/vmm.mk
include $(srcdir)/tests/unit/keeper.mk
include $(srcdir)/tests/unit/guest.mk
include $(srcdir)/tests/unit/oci.mk
include $(srcdir)/tests/unit/image.mk
include $(srcdir)/tests/unit/engine.mk
include $(srcdir)/tests/unit/term.mk
include $(srcdir)/tests/unit/ui.mk
include $(srcdir)/tests/unit/cli.mk
include $(srcdir)/tests/fuzz/local.mk
include $(srcdir)/tests/term/local.mk
include $(srcdir)/tests/ui/local.mk
include $(srcdir)/tests/cli/local.mk
include $(srcdir)/tests/host/local.mk
