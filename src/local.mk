# The layers, lowest first; then the programs.
include $(srcdir)/src/base/local.mk
include $(srcdir)/src/wire/local.mk
include $(srcdir)/src/core/model/local.mk
include $(srcdir)/src/core/store/local.mk
include $(srcdir)/src/core/disk/local.mk
include $(srcdir)/src/core/net/local.mk
include $(srcdir)/src/core/priv/local.mk
include $(srcdir)/src/core/vmm/local.mk
include $(srcdir)/src/core/guest/local.mk
include $(srcdir)/src/core/oci/local.mk
include $(srcdir)/src/core/image/local.mk
include $(srcdir)/src/namesrv/local.mk
include $(srcdir)/src/core/engine/local.mk
include $(srcdir)/src/keeper/local.mk
include $(srcdir)/src/ui/term/local.mk
include $(srcdir)/src/ui/local.mk
include $(srcdir)/src/cli/local.mk
include $(srcdir)/src/bootkit/local.mk
include $(srcdir)/src/helper/local.mk
include $(srcdir)/src/netns/local.mk

# One binary: console and command line.
bin_PROGRAMS += banger-tui
banger_tui_SOURCES = src/main.c src/console.c src/console.h
banger_tui_LDADD = libcli.a $(UI_LIBS) libengine.a $(NAMESRV_LIBS) $(KEEPER_LIBS) $(IMAGE_LIBS) $(DISK_LIBS) $(PRIV_LIBS) $(GUEST_LIBS) libstore.a \
	libmodel.a $(SQLITE_LIBS) $(BASE_LIBS)
