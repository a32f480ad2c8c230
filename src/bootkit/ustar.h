/* SPDX-License-Identifier: MIT */
/*
 * A header block of a tar archive, as reader (tarball.c) and writer (tarout.c) share it: POSIX.1-2017, pax, "ustar
 * Interchange Format".
 */
#ifndef BOOTKIT_USTAR_H
#define BOOTKIT_USTAR_H

#define USTAR_BLOCK 512

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag, linkname[100];
	char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == USTAR_BLOCK, "a header is one block");

enum ustar_type {
	USTAR_FILE = '0',
	USTAR_LINK = '1', /* a hard link */
	USTAR_SYMLINK = '2',
	USTAR_CHAR = '3',
	USTAR_BLOCKDEV = '4',
	USTAR_DIR = '5',
	USTAR_FIFO = '6',
	USTAR_PAX = 'x',	/* what the next member's header has no room for */
	USTAR_PAX_ALL = 'g', /* the same for all that follow */
};

#endif
