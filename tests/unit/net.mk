# unit tests of net
if HAVE_CMOCKA
NET_TESTS = \
	tests/unit/test_nat_egress \
	tests/unit/test_dns \
	tests/unit/test_nat_format \
	tests/unit/test_resolve \
	tests/unit/test_resolvconf \
	tests/unit/test_resolved \
	tests/unit/test_slirp \
	tests/unit/test_subnet
check_PROGRAMS += $(NET_TESTS)
TESTS += $(NET_TESTS)

tests_unit_test_nat_egress_SOURCES = tests/unit/test_nat_egress.c
tests_unit_test_nat_egress_LDADD = $(NAT_LIBS) libnet.a libmodel.a $(TEST_LIBS)
tests_unit_test_dns_SOURCES = tests/unit/test_dns.c
tests_unit_test_dns_LDADD = libnet.a $(TEST_LIBS)
tests_unit_test_nat_format_SOURCES = tests/unit/test_nat_format.c
tests_unit_test_nat_format_LDADD = $(NAT_LIBS) libnet.a $(TEST_LIBS)
tests_unit_test_resolve_SOURCES = tests/unit/test_resolve.c
tests_unit_test_resolve_LDADD = libnet.a $(TEST_LIBS)
tests_unit_test_resolved_SOURCES = tests/unit/test_resolved.c
tests_unit_test_resolved_LDADD = libnet.a $(TEST_LIBS)
tests_unit_test_slirp_SOURCES = tests/unit/test_slirp.c tests/lib/netns.c tests/lib/netns.h
tests_unit_test_slirp_LDADD = libnet.a $(TEST_LIBS)
tests_unit_test_resolvconf_SOURCES = tests/unit/test_resolvconf.c
tests_unit_test_resolvconf_LDADD = libnet.a $(TEST_LIBS)
tests_unit_test_subnet_SOURCES = tests/unit/test_subnet.c
tests_unit_test_subnet_LDADD = libnet.a $(TEST_LIBS)
endif
