/* SPDX-License-Identifier: MIT */
/*
 * Unpacking a bzImage: see vmlinux.h. The setup header says where the compressed kernel is, since boot protocol 2.08; no
 * search for magic numbers. All offsets are checked against the file before they are used. Which compression it is, of those
 * a kernel can be built with, is libarchive's to tell.
 *
 * What a kernel says of itself is read from the unpacked ELF: the banner it prints first (init/version.c) has its release,
 * and between two marks lies its .config (kernel/configs.c).
 */
#include "core/image/vmlinux.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/shword.h"
#include "base/tar.h"

#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* boot.rst, "The Real-Mode Kernel Header". */
#define AT_SETUP_SECTS 0x1f1
#define AT_MAGIC 0x202
#define AT_VERSION 0x206
#define AT_PAYLOAD_OFFSET 0x248
#define AT_PAYLOAD_LENGTH 0x24c
#define HEADER_END 0x250
#define SECTOR 512
#define VERSION_WITH_PAYLOAD 0x0208

/* XEN_ELFNOTE_PHYS32_ENTRY (xen/interface/elfnote.h) */
#define NOTE_PVH 18
#define CONFIG_TRIES_MAX 16

static uint32_t le32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint16_t le16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static bool begins_like_elf(const char *data, size_t n)
{
	return data && n >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static int find_payload(const char *data, size_t n, size_t *ret_at, size_t *ret_len, struct err *e)
{
	if (n < HEADER_END || memcmp(data + AT_MAGIC, "HdrS", 4) != 0 || le16(data + AT_VERSION) < VERSION_WITH_PAYLOAD)
		return err_set(e, ERR_PROTO, _("this is no kernel: neither a bzImage (of Linux 2.6.26 or newer) nor an ELF, nor a bundle"));
	/* 0 means 4, for kernels older than anything met here. */
	size_t sectors = (uint8_t)data[AT_SETUP_SECTS] ? (uint8_t)data[AT_SETUP_SECTS] : 4;
	uint64_t at = (sectors + 1) * SECTOR + (uint64_t)le32(data + AT_PAYLOAD_OFFSET);
	uint64_t len = le32(data + AT_PAYLOAD_LENGTH);

	if (len <= sizeof(uint32_t) || at > n || len > n - at)
		return err_set(e, ERR_PROTO, _("the bzImage is cut off"));
	if (len > 4 && memcmp(data + at, "\x89LZO", 4) == 0) {
		err_set(e, ERR_MISSING, _("the kernel is compressed by LZO, which is not unpacked here"));
		return err_hint(e, _("unpack it by scripts/extract-vmlinux of Linux's source, and take what that writes"));
	}
	*ret_at = (size_t)at;
	/* The last four bytes are the unpacked size, put there for the kernel's own unpacker; gzip has them in its format. */
	*ret_len = (size_t)len - (memcmp(data + at, "\x1f\x8b", 2) == 0 ? 0 : sizeof(uint32_t));
	return 0;
}

/* The i-th program header, copied out; false when it, or what it loads, is not in the file. */
static bool segment(const struct buf *b, const Elf64_Ehdr *h, unsigned i, Elf64_Phdr *ret)
{
	uint64_t at = le64toh(h->e_phoff);

	if (at > b->len || (i + 1) * sizeof(*ret) > b->len - at)
		return false;
	memcpy(ret, b->data + at + i * sizeof(*ret), sizeof(*ret));
	return le64toh(ret->p_offset) <= b->len && le64toh(ret->p_filesz) <= b->len - le64toh(ret->p_offset);
}

static int damaged(struct err *e)
{
	return err_set(e, ERR_PROTO, _("the kernel is cut off or damaged"));
}

/* An ELF for x86-64 that can be loaded and is all there. */
static int check_kernel(const struct buf *b, Elf64_Ehdr *h, struct err *e)
{
	Elf64_Phdr p;

	if (b->len < sizeof(*h) || !begins_like_elf(b->data, b->len))
		return err_set(e, ERR_PROTO, _("there is no ELF kernel in it"));
	memcpy(h, b->data, sizeof(*h));
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB || le16toh(h->e_machine) != EM_X86_64)
		return err_set(e, ERR_PROTO, _("its kernel is not for x86-64"));
	if (le16toh(h->e_phnum) == 0 || le16toh(h->e_phentsize) != sizeof(Elf64_Phdr))
		return damaged(e);
	for (unsigned i = 0; i < le16toh(h->e_phnum); i++)
		if (!segment(b, h, i, &p))
			return damaged(e);
	return 0;
}

int vmlinux_unpack(struct op *op, const char *data, size_t n, size_t max, struct buf *ret, struct err *e)
{
	size_t at = 0, len = 0;
	Elf64_Ehdr h;

	if (find_payload(data, n, &at, &len, e) < 0 || tar_inflate(op, data + at, len, max, ret, e) < 0)
		return -1;
	return check_kernel(ret, &h, e);
}

/* Notes (elf(5)) are name and value, each padded. True when one is the entry point Xen's PVH boot protocol asks for. */
static bool has_pvh_note(const char *notes, size_t n, size_t align)
{
	Elf64_Nhdr h;

	while (n >= sizeof(h)) {
		memcpy(&h, notes, sizeof(h));
		uint64_t name = le32toh(h.n_namesz), value = le32toh(h.n_descsz);
		uint64_t padded = (name + align - 1) / align * align, all = sizeof(h) + padded + (value + align - 1) / align * align;

		if (sizeof(h) + padded + value > n)
			return false;
		if (name == sizeof("Xen") && le32toh(h.n_type) == NOTE_PVH && memcmp(notes + sizeof(h), "Xen", sizeof("Xen")) == 0)
			return true;
		if (all >= n)
			return false;
		notes += all;
		n -= all;
	}
	return false;
}

static bool has_pvh(const struct buf *b, const Elf64_Ehdr *h)
{
	Elf64_Phdr p;

	for (unsigned i = 0; i < le16toh(h->e_phnum); i++)
		if (segment(b, h, i, &p) && le32toh(p.p_type) == PT_NOTE &&
		    has_pvh_note(b->data + le64toh(p.p_offset), le64toh(p.p_filesz), le64toh(p.p_align) == 8 ? 8 : 4))
			return true;
	return false;
}

/* What follows `mark` at or after *at; NULL when it does not come any more. */
static const char *find_after(const struct buf *b, const char *mark, size_t *at)
{
	const char *found = *at < b->len ? memmem(b->data + *at, b->len - *at, mark, strlen(mark)) : NULL;

	if (!found)
		return NULL;
	*at = (size_t)(found - b->data) + strlen(mark);
	return b->data + *at;
}

/* "Linux version 6.1.0-9-amd64 (who built it) …": the same words stand in other places, but not so followed. */
static int find_release(const struct buf *b, struct vmlinux_info *ret, struct err *e)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+~";
	const char *s;

	for (size_t at = 0; (s = find_after(b, "Linux version ", &at));) {
		size_t len = 0;

		while (at + len < b->len && len < sizeof(ret->release) && s[len] && strchr(word, s[len]))
			len++;
		if (len == 0 || len >= sizeof(ret->release) || s[0] < '0' || s[0] > '9' || b->len - at - len < 2 ||
		    memcmp(s + len, " (", 2) != 0)
			continue;
		memcpy(ret->release, s, len);
		ret->release[len] = '\0';
		return 0;
	}
	return err_set(e, ERR_PROTO, _("the kernel does not say which version of Linux it is"));
}

/* Not having it is no fault, and what looks like it and is not is not it. */
static int find_config(struct op *op, const struct buf *b, struct vmlinux_info *ret, struct err *e)
{
	const char *s, *end;
	int tries = 0;

	for (size_t at = 0; tries++ < CONFIG_TRIES_MAX && (s = find_after(b, "IKCFG_ST", &at));) {
		end = memmem(s, b->len - at, "IKCFG_ED", 8);
		if (!end || end - s < 2 || memcmp(s, "\x1f\x8b", 2) != 0)
			continue;
		if (tar_inflate(op, s, (size_t)(end - s), VMLINUX_CONFIG_MAX, &ret->config, NULL) == 0)
			return 0;
		buf_reset(&ret->config);
		if (op_check(op, e) < 0)
			return -1;
	}
	return 0;
}

/* A driver's name is a string of its own wherever it is built in. */
static void find_drivers(const struct buf *b, struct vmlinux_info *ret)
{
	static const char *const names[] = {"virtio-mmio", "virtio_blk", "virtio_net"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char whole[32] = ""; /* the NUL before it, and its own */

		str_copy(whole + 1, sizeof(whole) - 1, names[i]);
		if (memmem(b->data, b->len, whole, strlen(names[i]) + 2))
			buf_addf(&ret->drivers, "%s.ko\n", names[i]);
	}
}

void vmlinux_info_done(struct vmlinux_info *i)
{
	buf_done(&i->drivers);
	buf_done(&i->config);
}

int vmlinux_look(struct op *op, const struct buf *file, size_t max, struct vmlinux_info *ret, struct err *e)
{
	auto_buf unpacked = {0};
	const struct buf *kernel = file;
	Elf64_Ehdr h;

	ret->elf = begins_like_elf(file->data, file->len);
	if (!ret->elf) {
		if (vmlinux_unpack(op, buf_cstr(file), file->len, max, &unpacked, e) < 0)
			return -1;
		kernel = &unpacked;
	}
	if (check_kernel(kernel, &h, e) < 0 || find_release(kernel, ret, e) < 0)
		return -1;
	ret->pvh = has_pvh(kernel, &h);
	find_drivers(kernel, ret);
	return find_config(op, kernel, ret, e);
}

int vmlinux_read(const char *path, struct buf *ret, struct err *e)
{
	bool elf = vmlinux_is_elf(path);

	if (fs_read_file(path, elf ? VMLINUX_UNPACKED_MAX : VMLINUX_FILE_MAX, ret, e) == 0)
		return 0;
	if (e && e->code == ERR_PROTO && elf) {
		auto_free char *word = shword(path);

		err_hint(e, _("take its debugging information away: strip -g -o vmlinux.small %s"), word);
	}
	return -1;
}

bool vmlinux_is_elf(const char *path)
{
	char head[SELFMAG];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool is = fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) && begins_like_elf(head, sizeof(head));

	if (fd >= 0)
		close(fd);
	return is;
}

int vmlinux_extract(struct op *op, const char *from, const char *to, struct err *e)
{
	auto_buf packed = {0};
	auto_buf kernel = {0};

	if (fs_read_file(from, VMLINUX_FILE_MAX, &packed, e) < 0)
		return -1;
	if (vmlinux_unpack(op, buf_cstr(&packed), packed.len, VMLINUX_UNPACKED_MAX, &kernel, e) < 0)
		return err_wrap(e, "'%s'", from);
	return fs_write_atomic(to, kernel.data, kernel.len, 0600, e);
}
