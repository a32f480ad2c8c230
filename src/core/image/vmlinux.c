/* SPDX-License-Identifier: MIT */
/*
 * Unpacking a bzImage: see vmlinux.h. The setup header says where the compressed kernel is, since boot protocol 2.08; no
 * search for magic numbers. All offsets are checked against the file before they are used.
 */
#include "core/image/vmlinux.h"

#include "base/fs.h"
#include "base/i18n.h"
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
	return n >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static int find_payload(const char *data, size_t n, size_t *ret_at, size_t *ret_len, struct err *e)
{
	if (n < HEADER_END || memcmp(data + AT_MAGIC, "HdrS", 4) != 0 || le16(data + AT_VERSION) < VERSION_WITH_PAYLOAD)
		return err_set(e, ERR_PROTO, _("no bzImage, or one of before Linux 2.6.26"));
	/* 0 means 4, for kernels older than anything met here. */
	size_t sectors = (uint8_t)data[AT_SETUP_SECTS] ? (uint8_t)data[AT_SETUP_SECTS] : 4;
	uint64_t at = (sectors + 1) * SECTOR + (uint64_t)le32(data + AT_PAYLOAD_OFFSET);
	uint64_t len = le32(data + AT_PAYLOAD_LENGTH);

	if (len <= sizeof(uint32_t) || at > n || len > n - at)
		return err_set(e, ERR_PROTO, _("the bzImage is cut off"));
	*ret_at = (size_t)at;
	/* The last four bytes are the unpacked size, put there for the kernel's own unpacker; gzip has them in its format. */
	*ret_len = (size_t)len - (memcmp(data + at, "\x1f\x8b", 2) == 0 ? 0 : sizeof(uint32_t));
	return 0;
}

static bool is_kernel(const struct buf *b)
{
	Elf64_Ehdr h;

	if (b->len < sizeof(h) || !begins_like_elf(b->data, b->len))
		return false;
	memcpy(&h, b->data, sizeof(h));
	return h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_ident[EI_DATA] == ELFDATA2LSB && le16toh(h.e_machine) == EM_X86_64 &&
	       le16toh(h.e_phnum) > 0 && le64toh(h.e_phoff) < b->len;
}

int vmlinux_unpack(struct op *op, const char *data, size_t n, size_t max, struct buf *ret, struct err *e)
{
	size_t at = 0, len = 0;

	if (find_payload(data, n, &at, &len, e) < 0 || tar_inflate(op, data + at, len, max, ret, e) < 0)
		return -1;
	if (is_kernel(ret))
		return 0;
	return err_set(e, ERR_PROTO, _("there is no ELF kernel for x86-64 in the bzImage"));
}

bool vmlinux_is_elf(const char *path)
{
	char head[SELFMAG];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
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
