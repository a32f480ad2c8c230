# Tests that need root and a kernel of their own to play with: built by `make check`, run in the throw-away host (smoke/host takes
# everything executable in here along; smoke/host.d names them). Exit 77 where they may not. Those that make a network of their
# own harm nobody, and run in `make check` as well.
if HAVE_CMOCKA
NETNS_TESTS = \
	tests/host/test_helper \
	tests/host/test_link \
	tests/host/test_net \
	tests/host/test_privfaults \
	tests/host/test_privkeeper \
	tests/host/test_privnet
HOST_TESTS = \
	tests/host/test_dm
check_PROGRAMS += $(HOST_TESTS) $(NETNS_TESTS)
TESTS += $(NETNS_TESTS)

tests_host_test_dm_SOURCES = tests/host/test_dm.c
tests_host_test_dm_LDADD = $(DMSNAP_LIBS) $(DISK_LIBS) $(TEST_LIBS)
tests_host_test_dm_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ioctl -Wl,--wrap=dm_task_run -Wl,--wrap=mknodat -Wl,--wrap=fchownat

# The built helper and banger-netns, found where they are built: two directories up.
tests_host_test_helper_SOURCES = tests/host/test_helper.c
tests_host_test_helper_LDADD = $(PRIV_LIBS) $(NL_LIBS) $(TEST_LIBS)
tests_host_test_helper_DEPENDENCIES = $(PRIV_LIBS) libtest.a banger-helper

NETNS = tests/lib/netns.c tests/lib/netns.h tests/lib/frames.h
tests_host_test_link_SOURCES = tests/host/test_link.c $(NETNS)
tests_host_test_link_LDADD = $(NET_LIBS) $(TEST_LIBS)
tests_host_test_net_SOURCES = tests/host/test_net.c $(NETNS)
tests_host_test_net_LDADD = $(NAT_LIBS) $(NET_LIBS) $(TEST_LIBS)
tests_host_test_privfaults_SOURCES = tests/host/test_privfaults.c src/helper/host_real.c
tests_host_test_privfaults_LDADD = $(PRIV_LIBS) $(HELPER_HOST_LIBS) $(TEST_LIBS)
tests_host_test_privkeeper_SOURCES = tests/host/test_privkeeper.c
tests_host_test_privkeeper_LDADD = $(KEEPER_LIBS) $(TEST_LIBS)
tests_host_test_privkeeper_DEPENDENCIES = libkeeper.a libvmm.a libnet.a libmodel.a libtest.a banger-netns tests/lib/fake_firecracker
tests_host_test_privnet_SOURCES = tests/host/test_privnet.c $(NETNS)
tests_host_test_privnet_LDADD = $(NAT_LIBS) $(NET_LIBS) libmodel.a $(TEST_LIBS)
tests_host_test_privnet_DEPENDENCIES = libnat.a libnet.a libmodel.a libtest.a banger-netns
endif

# By hand, there: bench/host
check_PROGRAMS += bench/engine/bench_engine
bench_engine_bench_engine_SOURCES = bench/engine/bench_engine.c
bench_engine_bench_engine_LDADD = libengine.a $(NAMESRV_LIBS) $(KEEPER_LIBS) $(IMAGE_LIBS) $(DISK_LIBS) $(PRIV_LIBS) $(GUEST_LIBS) libstore.a \
	libmodel.a $(SQLITE_LIBS) $(BASE_LIBS)
check_PROGRAMS += bench/engine/bench_vmm
bench_engine_bench_vmm_SOURCES = bench/engine/bench_vmm.c
# Static, and so without sanitizers, as banger-guest.
bench_engine_bench_vmm_CFLAGS = -std=gnu11 -O2 -Wall -Wextra
bench_engine_bench_vmm_LDFLAGS = -static
bench_engine_bench_vmm_LDADD =
