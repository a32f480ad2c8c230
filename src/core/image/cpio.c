/* SPDX-License-Identifier: MIT */
/*
 * newc, written member by member: a header of thirteen 8-digit hexadecimal fields behind "070701", the name with its NUL
 * padded to 4 bytes, the data padded to 4 bytes. The kernel hashes device, inode and link count to find hard links; with
 * every link count 1 that plays no part.
 */
#include "core/image/cpio.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER_LEN 110
#define TRAILER "TRAILER!!!"

struct member {
	const char *name;
	mode_t mode; /* with the type */
	const void *data;
	size_t n;
	unsigned int major, minor;
};

struct cpio cpio_init(int fd)
{
	return (struct cpio){.fd = fd};
}

static int put(struct cpio *c, const void *data, size_t n, struct err *e)
{
	c->written += n;
	return fd_write_all(c->fd, data, n, e);
}

static int pad(struct cpio *c, unsigned int unit, struct err *e)
{
	static const char zeroes[512];
	size_t over = c->written % unit;

	assert(unit <= sizeof(zeroes));
	return over == 0 ? 0 : put(c, zeroes, unit - over, e);
}

static int add(struct cpio *c, const struct member *m, struct err *e)
{
	char header[HEADER_LEN + 1];
	size_t name_len = strlen(m->name) + 1;
	int len;

	assert(m->name[0] != '/' && m->name[0] != '\0');
	if (m->n > CPIO_FILE_MAX)
		return err_set(e, ERR_PROTO, _("%s is too large for the boot kit"), m->name);
	len = snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ++c->ino,
		       (unsigned int)m->mode, 0u, 0u, 1u, 0u, (unsigned int)m->n, 0u, 0u, m->major, m->minor,
		       (unsigned int)name_len, 0u);
	assert(len == HEADER_LEN);
	if (put(c, header, (size_t)len, e) < 0 || put(c, m->name, name_len, e) < 0 || pad(c, 4, e) < 0)
		return err_wrap(e, _("write %s"), m->name);
	if (m->n > 0 && (put(c, m->data, m->n, e) < 0 || pad(c, 4, e) < 0))
		return err_wrap(e, _("write %s"), m->name);
	return 0;
}

int cpio_dir(struct cpio *c, const char *name, mode_t mode, struct err *e)
{
	return add(c, &(struct member){.name = name, .mode = S_IFDIR | mode}, e);
}

int cpio_file(struct cpio *c, const char *name, mode_t mode, const void *data, size_t n, struct err *e)
{
	return add(c, &(struct member){.name = name, .mode = S_IFREG | mode, .data = data, .n = n}, e);
}

int cpio_file_from(struct cpio *c, const char *name, mode_t mode, const char *path, struct err *e)
{
	auto_buf content = {0};

	if (fs_read_file(path, CPIO_FILE_MAX, &content, e) < 0)
		return -1;
	return cpio_file(c, name, mode, content.data, content.len, e);
}

int cpio_chardev(struct cpio *c, const char *name, mode_t mode, unsigned int major, unsigned int minor, struct err *e)
{
	return add(c, &(struct member){.name = name, .mode = S_IFCHR | mode, .major = major, .minor = minor}, e);
}

int cpio_end(struct cpio *c, struct err *e)
{
	if (add(c, &(struct member){.name = TRAILER}, e) < 0)
		return -1;
	return pad(c, 512, e);
}
