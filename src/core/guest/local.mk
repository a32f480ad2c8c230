# guest: SSH to the machines, their keys, the seed disk. libssh2 is behind ssh.c and ssh_chan.c, libcrypto behind keys.c.
noinst_LIBRARIES += libguest.a
libguest_a_SOURCES = \
	src/core/guest/exec.c src/core/guest/exec.h \
	src/core/guest/keys.c src/core/guest/keys_file.c src/core/guest/keys.h \
	src/core/guest/knownhosts.c src/core/guest/knownhosts.h \
	src/core/guest/netio.c src/core/guest/netio.h \
	src/core/guest/ready.c src/core/guest/ready.h \
	src/core/guest/seed.c src/core/guest/seed_files.c src/core/guest/seed_host.c \
	src/core/guest/seed.h src/core/guest/seed_priv.h \
	src/core/guest/ssh.c src/core/guest/ssh_chan.c src/core/guest/ssh.h src/core/guest/ssh_priv.h \
	src/core/guest/sshconf.c src/core/guest/sshconf.h \
	src/core/guest/sshinclude.c src/core/guest/sshinclude.h
libguest_a_CPPFLAGS = $(AM_CPPFLAGS) $(SSH2_CFLAGS) $(CRYPTO_CFLAGS)

# Whoever links libguest.a links these, before BASE_LIBS.
GUEST_LIBS = libguest.a libwire.a $(SSH2_LIBS) $(CRYPTO_LIBS)
