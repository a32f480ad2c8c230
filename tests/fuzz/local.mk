# Fuzz targets. With --enable-fuzzing (clang) each is a libFuzzer program: fuzz_X tests/fuzz/corpus/X. Without, it is
# linked with a main that replays the corpus, and is a test like any other.
# The pattern: SOURCES with $(FUZZ_MAIN), CPPFLAGS with the corpus, LDFLAGS, LDADD of what the layer allows.
if FUZZING
FUZZ_MAIN =
LDFLAGS_FUZZ = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/replay_main.c
LDFLAGS_FUZZ = $(AM_LDFLAGS)
endif
FUZZ_CORPUS = $(srcdir)/tests/fuzz/corpus

FUZZ_TARGETS = \
	tests/fuzz/fuzz_bundle \
	tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_dns \
	tests/fuzz/fuzz_elfneeds \
	tests/fuzz/fuzz_import \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_kernelneeds \
	tests/fuzz/fuzz_oci_auth \
	tests/fuzz/fuzz_oci_manifest \
	tests/fuzz/fuzz_oci_ref \
	tests/fuzz/fuzz_layers \
	tests/fuzz/fuzz_priv \
	tests/fuzz/fuzz_qmp \
	tests/fuzz/fuzz_resolved \
	tests/fuzz/fuzz_sources \
	tests/fuzz/fuzz_tar \
	tests/fuzz/fuzz_term \
	tests/fuzz/fuzz_vmlinux \
	tests/fuzz/fuzz_wire_stat
check_PROGRAMS += $(FUZZ_TARGETS)
if !FUZZING
TESTS += $(FUZZ_TARGETS)
endif
EXTRA_DIST += tests/fuzz/replay_main.c tests/fuzz/corpus

tests_fuzz_fuzz_bundle_SOURCES = tests/fuzz/fuzz_bundle.c $(FUZZ_MAIN)
tests_fuzz_fuzz_bundle_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/bundle"'
tests_fuzz_fuzz_bundle_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_bundle_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c $(FUZZ_MAIN)
tests_fuzz_fuzz_conf_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/conf"'
tests_fuzz_fuzz_conf_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_conf_LDADD = $(BASE_LIBS)

tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(FUZZ_MAIN)
tests_fuzz_fuzz_json_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/json"'
tests_fuzz_fuzz_json_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_json_LDADD = $(BASE_LIBS)

tests_fuzz_fuzz_kernelneeds_SOURCES = tests/fuzz/fuzz_kernelneeds.c $(FUZZ_MAIN)
tests_fuzz_fuzz_kernelneeds_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/kernelneeds"'
tests_fuzz_fuzz_kernelneeds_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_kernelneeds_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_import_SOURCES = tests/fuzz/fuzz_import.c $(FUZZ_MAIN)
tests_fuzz_fuzz_import_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/tar"'
tests_fuzz_fuzz_import_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_import_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_layers_SOURCES = tests/fuzz/fuzz_layers.c $(FUZZ_MAIN)
tests_fuzz_fuzz_layers_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/layers"'
tests_fuzz_fuzz_layers_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_layers_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_tar_SOURCES = tests/fuzz/fuzz_tar.c $(FUZZ_MAIN)
tests_fuzz_fuzz_tar_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/tar"'
tests_fuzz_fuzz_tar_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_tar_LDADD = $(BASE_LIBS)

tests_fuzz_fuzz_elfneeds_SOURCES = tests/fuzz/fuzz_elfneeds.c $(FUZZ_MAIN)
tests_fuzz_fuzz_elfneeds_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/elfneeds"'
tests_fuzz_fuzz_elfneeds_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_elfneeds_LDADD = $(IMAGE_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_sources_SOURCES = tests/fuzz/fuzz_sources.c $(FUZZ_MAIN)
tests_fuzz_fuzz_sources_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/sources"'
tests_fuzz_fuzz_sources_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_sources_LDADD = $(IMAGE_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_priv_SOURCES = tests/fuzz/fuzz_priv.c $(FUZZ_MAIN)
tests_fuzz_fuzz_priv_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/priv"'
tests_fuzz_fuzz_priv_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_priv_LDADD = $(PRIV_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_qmp_SOURCES = tests/fuzz/fuzz_qmp.c $(FUZZ_MAIN)
tests_fuzz_fuzz_qmp_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/qmp"'
tests_fuzz_fuzz_qmp_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_qmp_LDADD = libvmm.a libmodel.a $(BASE_LIBS)

tests_fuzz_fuzz_term_SOURCES = tests/fuzz/fuzz_term.c $(FUZZ_MAIN)
tests_fuzz_fuzz_term_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/term"'
tests_fuzz_fuzz_term_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_term_LDADD = $(TERM_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_vmlinux_SOURCES = tests/fuzz/fuzz_vmlinux.c $(FUZZ_MAIN)
tests_fuzz_fuzz_vmlinux_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/vmlinux"'
tests_fuzz_fuzz_vmlinux_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_vmlinux_LDADD = $(IMAGE_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_wire_stat_SOURCES = tests/fuzz/fuzz_wire_stat.c $(FUZZ_MAIN)
tests_fuzz_fuzz_wire_stat_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/wire_stat"'
tests_fuzz_fuzz_wire_stat_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_wire_stat_LDADD = libwire.a

tests_fuzz_fuzz_dns_SOURCES = tests/fuzz/fuzz_dns.c $(FUZZ_MAIN)
tests_fuzz_fuzz_dns_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/dns"'
tests_fuzz_fuzz_dns_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_dns_LDADD = $(NAMESRV_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_resolved_SOURCES = tests/fuzz/fuzz_resolved.c $(FUZZ_MAIN)
tests_fuzz_fuzz_resolved_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/resolved"'
tests_fuzz_fuzz_resolved_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_resolved_LDADD = libnet.a $(BASE_LIBS)

tests_fuzz_fuzz_oci_ref_SOURCES = tests/fuzz/fuzz_oci_ref.c $(FUZZ_MAIN)
tests_fuzz_fuzz_oci_ref_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/oci_ref"'
tests_fuzz_fuzz_oci_ref_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_oci_ref_LDADD = $(OCI_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_oci_manifest_SOURCES = tests/fuzz/fuzz_oci_manifest.c $(FUZZ_MAIN)
tests_fuzz_fuzz_oci_manifest_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/oci_manifest"'
tests_fuzz_fuzz_oci_manifest_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_oci_manifest_LDADD = $(OCI_LIBS) $(BASE_LIBS)

tests_fuzz_fuzz_oci_auth_SOURCES = tests/fuzz/fuzz_oci_auth.c $(FUZZ_MAIN)
tests_fuzz_fuzz_oci_auth_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(FUZZ_CORPUS)/oci_auth"'
tests_fuzz_fuzz_oci_auth_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_oci_auth_LDADD = $(OCI_LIBS) $(BASE_LIBS)
