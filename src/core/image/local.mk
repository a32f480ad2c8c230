# core/image: where root file systems and kernels come from.
noinst_LIBRARIES += libimage.a
libimage_a_SOURCES = \
	src/core/image/import.c src/core/image/import.h

# Whoever links libimage.a links these, before DISK_LIBS and BASE_LIBS.
IMAGE_LIBS = libimage.a
