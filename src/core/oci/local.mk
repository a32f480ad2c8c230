# core/oci: images of registries: their documents, their logins, and how they come here.
noinst_LIBRARIES += liboci.a
liboci_a_SOURCES = \
	src/core/oci/blobs.c src/core/oci/blobs.h \
	src/core/oci/auth.h src/core/oci/challenge.c src/core/oci/credentials.c src/core/oci/helper.c src/core/oci/token.c \
	src/core/oci/config.c src/core/oci/config.h \
	src/core/oci/doc.c src/core/oci/doc.h \
	src/core/oci/fetch.c src/core/oci/fetch.h \
	src/core/oci/index.c src/core/oci/manifest.c src/core/oci/manifest.h src/core/oci/manifest_priv.h \
	src/core/oci/login.c src/core/oci/registry.c src/core/oci/registry.h src/core/oci/registry_priv.h

# Whoever links liboci.a links these, before BASE_LIBS.
OCI_LIBS = liboci.a libmodel.a
