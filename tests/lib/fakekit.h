/* SPDX-License-Identifier: MIT */
/*
 * A packages' tree and archive with everything a boot kit needs, made of small ELF files.
 */
#ifndef TESTS_LIB_FAKEKIT_H
#define TESTS_LIB_FAKEKIT_H

#include "tests/lib/fakeelf.h"
#include "tests/lib/test.h"

#include "base/fs.h"
#include "base/tar.h"

#define FAKEKIT_LIBS "usr/lib/x86_64-linux-gnu/"

static const char *const fakekit_dropbear_needs[] = {"libz.so.1", "libc.so.6", NULL};
static const char *const fakekit_c_needs[] = {"libc.so.6", NULL};
static const char *const fakekit_loader_needs[] = {"ld-linux-x86-64.so.2", NULL};

static const struct fakekit_file {
	const char *name;
	const char *interp;
	const char *const *needed;
	const char *link; /* a symbolic link instead */
} fakekit_files[] = {
	{"bin/busybox", NULL, NULL, NULL},
	{"sbin/e2fsck.static", NULL, NULL, NULL},
	{"usr/sbin/dropbear", "/lib64/ld-linux-x86-64.so.2", fakekit_dropbear_needs, NULL},
	{"usr/lib/openssh/sftp-server", "/lib64/ld-linux-x86-64.so.2", fakekit_c_needs, NULL},
	{"lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", NULL, NULL, NULL},
	{"lib64/ld-linux-x86-64.so.2", NULL, NULL, "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"},
	{"lib/x86_64-linux-gnu/libc.so.6", NULL, fakekit_loader_needs, NULL},
	{FAKEKIT_LIBS "libz.so.1", NULL, NULL, "libz.so.1.2.13"},
	{FAKEKIT_LIBS "libz.so.1.2.13", NULL, fakekit_c_needs, NULL},
	{FAKEKIT_LIBS "libunused.so.1", NULL, fakekit_c_needs, NULL},
};

/* Add all of it to an archive, but for the file called `without` (NULL: all). */
static inline void fakekit_add(struct tar_writer *w, const char *without)
{
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(fakekit_files); i++) {
		const struct fakekit_file *f = &fakekit_files[i];
		const struct tar_meta meta = {.mode = 0755};
		auto_free char *name = xasprintf("./%s", f->name);
		auto_buf elf = {0};

		if (without && strcmp(f->name, without) == 0)
			continue;
		fakeelf_make(&elf, f->interp, f->needed);
		buf_adds(&elf, f->name); /* no two alike */
		if (f->link)
			assert_ok(tar_writer_symlink(w, name, f->link, &meta, &e), &e);
		else
			assert_ok(tar_writer_file(w, name, &meta, elf.data, elf.len, &e), &e);
	}
}

/* Write the archive `w` holds in `b` to a file. Frees the writer. */
static inline void fakekit_finish(struct tar_writer *w, const struct buf *b, const char *path)
{
	struct err e = {0};

	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	assert_ok(fs_write_atomic(path, b->data, b->len, 0600, &e), &e);
}

#endif
