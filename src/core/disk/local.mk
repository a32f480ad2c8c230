# core/disk: ext4 images (libext2fs behind ext4*.c) and the disks of a VM.
noinst_LIBRARIES += libdisk.a
libdisk_a_SOURCES = \
	src/core/disk/dmtable.c src/core/disk/dmtable.h \
	src/core/disk/ext4.c src/core/disk/ext4.h src/core/disk/ext4_priv.h \
	src/core/disk/ext4_blank.c \
	src/core/disk/ext4_data.c \
	src/core/disk/ext4_dir.c \
	src/core/disk/ext4_format.c \
	src/core/disk/ext4_inode.c \
	src/core/disk/ext4_read.c \
	src/core/disk/ext4_tree.c \
	src/core/disk/loopdev.c src/core/disk/loopdev.h \
	src/core/disk/vmdisk.c src/core/disk/vmdisk.h
libdisk_a_CFLAGS = $(AM_CFLAGS) $(EXT2FS_CFLAGS)

# Whoever links libdisk.a links these, before BASE_LIBS.
DISK_LIBS = libdisk.a $(EXT2FS_LIBS)

EXTRA_DIST += data/60-banger.rules
if INSTALL_UDEV_RULE
udevrulesdir = $(udevdir)/rules.d
udevrules_DATA = data/60-banger.rules
endif

# A library of its own: only the helper links device mapper.
noinst_LIBRARIES += libdmsnap.a
libdmsnap_a_SOURCES = \
	src/core/disk/dmsnap.c src/core/disk/dmsnap.h src/core/disk/dmsnap_priv.h \
	src/core/disk/dmsnap_map.c
libdmsnap_a_CFLAGS = $(AM_CFLAGS) $(DEVMAPPER_CFLAGS)

# Whoever links libdmsnap.a links these, before DISK_LIBS.
DMSNAP_LIBS = libdmsnap.a $(DEVMAPPER_LIBS)
