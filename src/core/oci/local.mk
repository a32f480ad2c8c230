# core/oci: images of registries: their names, their documents, their logins. Pure: no I/O, no threads.
noinst_LIBRARIES += liboci.a
liboci_a_SOURCES = \
	src/core/oci/ref.c src/core/oci/ref.h

# Whoever links liboci.a links these, before BASE_LIBS.
OCI_LIBS = liboci.a libmodel.a
