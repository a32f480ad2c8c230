/* SPDX-License-Identifier: MIT */
/*
 * Small files that are kernels as far as anybody looks who does not boot them: an ELF for x86-64 with a banner, a note and a .config,
 * and a bzImage around something compressed.
 */
#ifndef TESTS_LIB_FAKEKERNEL_H
#define TESTS_LIB_FAKEKERNEL_H

#include "base/buf.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#define FAKEKERNEL_SETUP_SECTS 3
#define FAKEKERNEL_PAYLOAD 32

#define FAKEKERNEL_BANNER                                                                                              \
	"\0virtio-mmio\0not virtio_blk\0virtio_blk_like\0virtio_net\0"                                                   \
	"%s version %s\0Linux version %s\0Linux version 6.1.0-9-test (somebody@somewhere) (gcc) #1 SMP"

/* What is in it by what says so: a note, a .config. */
struct fakekernel_parts {
	bool pvh;
	bool all_drivers; /* named by it; else all that matter but virtio_blk */
	const struct buf *config; /* gzip */
	const char *banner;	  /* NULL: one of release 6.1.0-9-test */
};

static inline struct buf fakekernel_elf(const struct fakekernel_parts *parts)
{
	Elf64_Ehdr h = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
			.e_machine = EM_X86_64,
			.e_phoff = sizeof(h),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2};
	Elf64_Phdr p[2] = {{.p_type = PT_LOAD}, {.p_type = PT_NOTE, .p_align = 4}};
	struct {
		Elf64_Nhdr other;
		char gnu[4], value[8];
		Elf64_Nhdr xen;
		char name[4];
		uint32_t entry;
	} notes = {.other = {4, 5, 3}, .gnu = "GNU", .xen = {4, 4, parts->pvh ? 18 : 17}, .name = "Xen"};
	struct buf b = {0};

	p[1].p_offset = sizeof(h) + sizeof(p);
	p[1].p_filesz = sizeof(notes);
	buf_add(&b, &h, sizeof(h));
	buf_add(&b, p, sizeof(p));
	buf_add(&b, &notes, sizeof(notes));
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "%d ", i);
	if (parts->banner)
		buf_adds(&b, parts->banner);
	else
		buf_add(&b, FAKEKERNEL_BANNER, sizeof(FAKEKERNEL_BANNER));
	if (parts->all_drivers)
		buf_add(&b, "\0virtio_blk", sizeof("\0virtio_blk"));
	if (parts->config) {
		buf_adds(&b, "IKCFG_ST, as a script would look for it\n");
		buf_adds(&b, "IKCFG_ST");
		buf_add(&b, parts->config->data, parts->config->len);
		buf_adds(&b, "IKCFG_ED");
	}
	p[0].p_filesz = b.len;
	memcpy(b.data + sizeof(h), p, sizeof(p));
	return b;
}

static inline void fakekernel_put32(struct buf *b, size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b->data[at + (size_t)i] = (char)(v >> (8 * i));
}

static inline struct buf fakekernel_bzimage(const struct buf *payload, bool with_size, size_t unpacked)
{
	struct buf b = {0};
	size_t head = (FAKEKERNEL_SETUP_SECTS + 1) * 512 + FAKEKERNEL_PAYLOAD;

	memset(buf_reserve(&b, head), 0, head);
	b.len = head;
	b.data[0x1f1] = FAKEKERNEL_SETUP_SECTS;
	memcpy(b.data + 0x202, "HdrS\x0f\x02", 6);
	fakekernel_put32(&b, 0x248, FAKEKERNEL_PAYLOAD);
	fakekernel_put32(&b, 0x24c, (uint32_t)(payload->len + (with_size ? 4 : 0)));
	buf_add(&b, payload->data, payload->len);
	if (with_size) {
		buf_add(&b, "\0\0\0\0", 4);
		fakekernel_put32(&b, b.len - 4, (uint32_t)unpacked);
	}
	buf_adds(&b, "what follows the payload");
	return b;
}

#endif
