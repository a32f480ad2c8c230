# helper: banger-helper, the one program that runs as root. Small enough to be read at a sitting: helper.c, confine.c, and of
# core/priv serve.c, codec.c, ops*.c, claims.c, beneath.c.
#
# What it does to the host stands in host_real.c, and HELPER_HOST_LIBS is what that needs.
HELPER_HOST_LIBS = $(DMSNAP_LIBS) $(DISK_LIBS) $(NAT_LIBS) $(NET_LIBS)

noinst_LIBRARIES += libhelper.a
libhelper_a_SOURCES = \
	src/helper/confine.c src/helper/confine.h \
	src/helper/helper.c src/helper/helper.h
libhelper_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)

# Whoever links libhelper.a links these, before BASE_LIBS.
HELPER_LIBS = libhelper.a $(PRIV_LIBS) libbase.a $(SECCOMP_LIBS)

pkglibexec_PROGRAMS += banger-helper
banger_helper_SOURCES = src/helper/main.c src/helper/host_real.c
banger_helper_LDADD = $(HELPER_LIBS) $(HELPER_HOST_LIBS) $(BASE_LIBS)

# pkexec looks an action up by the program's path.
polkitdir = $(datadir)/polkit-1/actions
nodist_polkit_DATA = data/org.banger.helper.policy
EXTRA_DIST += data/org.banger.helper.policy.in
CLEANFILES += data/org.banger.helper.policy
data/org.banger.helper.policy: $(srcdir)/data/org.banger.helper.policy.in Makefile
	@$(MKDIR_P) data
	$(AM_V_GEN)$(SED) 's|@pkglibexecdir@|$(pkglibexecdir)|' $(srcdir)/data/org.banger.helper.policy.in >$@.new && mv -f $@.new $@
