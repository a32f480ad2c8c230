# core/image: where root file systems and kernels come from.
noinst_LIBRARIES += libimage.a
libimage_a_SOURCES = \
	src/core/image/bundle.c src/core/image/bundle.h \
	src/core/image/catalog.c src/core/image/catalog.h \
	src/core/image/cpio.c src/core/image/cpio.h \
	src/core/image/download.c src/core/image/download.h \
	src/core/image/elfneeds.c src/core/image/elfneeds.h \
	src/core/image/fetch.c src/core/image/fetch.h \
	src/core/image/image.c src/core/image/image.h \
	src/core/image/import.c src/core/image/import.h \
	src/core/image/import_dir.c src/core/image/import_dir.h \
	src/core/image/initramfs.c src/core/image/initramfs.h \
	src/core/image/kernel.c src/core/image/kernel.h \
	src/core/image/kernel_bundle.c \
	src/core/image/kernel_fetch.c src/core/image/kernel_priv.h \
	src/core/image/kernel_host.c \
	src/core/image/kernel_import.c \
	src/core/image/kernelneeds.c src/core/image/kernelneeds.h \
	src/core/image/kit.c src/core/image/kit.h \
	src/core/image/layers.c src/core/image/layers.h \
	src/core/image/layers_journal.c src/core/image/layers_priv.h \
	src/core/image/layers_read.c \
	src/core/image/merge.c src/core/image/merge.h \
	src/core/image/mmdebstrap.c src/core/image/mmdebstrap.h \
	src/core/image/modcopy.c src/core/image/modcopy.h \
	src/core/image/modfs.c src/core/image/modfs.h \
	src/core/image/modorder.c src/core/image/modorder.h \
	src/core/image/oci.c src/core/image/oci.h \
	src/core/image/overlay.c src/core/image/overlay.h \
	src/core/image/publish.c src/core/image/publish.h \
	src/core/image/registered.c src/core/image/registered.h \
	src/core/image/saved.c src/core/image/saved.h \
	src/core/image/scratch.c src/core/image/scratch.h \
	src/core/image/sized.c src/core/image/sized.h \
	src/core/image/sources.c src/core/image/sources.h \
	src/core/image/tiny.c src/core/image/tiny.h \
	src/core/image/unpack.c src/core/image/unpack.h \
	src/core/image/vmlinux.c src/core/image/vmlinux.h
nodist_libimage_a_SOURCES = src/core/image/catalog_data.c

# The built-in catalogue as C: the program needs no file of its own to know what can be pulled.
CATALOG_JSON = \
	$(srcdir)/data/image-catalog.json \
	$(srcdir)/data/kernel-catalog.json
src/core/image/catalog_data.c: $(CATALOG_JSON) $(srcdir)/tools/embed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(srcdir)/tools/embed \
		catalog_images_json $(srcdir)/data/image-catalog.json \
		catalog_kernels_json $(srcdir)/data/kernel-catalog.json >$@.tmp && mv $@.tmp $@
EXTRA_DIST += data/image-catalog.json data/kernel-catalog.json tools/embed
CLEANFILES += src/core/image/catalog_data.c

# Whoever links libimage.a links these, before DISK_LIBS and BASE_LIBS.
IMAGE_LIBS = libimage.a liboci.a libmodel.a
