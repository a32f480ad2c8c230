/* SPDX-License-Identifier: MIT */
/*
 * PT_INTERP and DT_NEEDED of a 64-bit little-endian ELF file held in memory.
 *
 * Everything goes through at(), which yields a pointer only when offset and length lie inside the file; structures are
 * copied out, so alignment does not matter. Dynamic entries hold addresses: they are turned into file offsets through the
 * PT_LOAD headers, as the kernel would.
 */
#include "core/image/elfneeds.h"

#include "base/i18n.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PHDRS_MAX 128
#define DYNS_MAX 4096

struct view {
	const uint8_t *data;
	size_t n;
	const char *what;
	Elf64_Ehdr eh;
};

static const void *at(const struct view *v, uint64_t off, uint64_t len)
{
	return off <= v->n && len <= v->n - off ? v->data + off : NULL;
}

static bool copy_out(const struct view *v, uint64_t off, void *to, size_t len)
{
	const void *p = at(v, off, len);

	if (p)
		memcpy(to, p, len);
	return p != NULL;
}

static int wrong(const struct view *v, const char *why, struct err *e)
{
	return err_set(e, ERR_PROTO, _("%s: not a usable ELF file (%s)"), v->what, why);
}

static int read_header(struct view *v, struct err *e)
{
	if (!copy_out(v, 0, &v->eh, sizeof(v->eh)) || memcmp(v->eh.e_ident, ELFMAG, SELFMAG) != 0)
		return wrong(v, "no ELF header", e);
	if (v->eh.e_ident[EI_CLASS] != ELFCLASS64 || v->eh.e_ident[EI_DATA] != ELFDATA2LSB)
		return wrong(v, "not 64-bit little-endian", e);
	if (v->eh.e_phnum > PHDRS_MAX || (v->eh.e_phnum > 0 && v->eh.e_phentsize != sizeof(Elf64_Phdr)) ||
	    !at(v, v->eh.e_phoff, (uint64_t)v->eh.e_phnum * sizeof(Elf64_Phdr)))
		return wrong(v, "bad program headers", e);
	return 0;
}

static Elf64_Phdr phdr(const struct view *v, int i)
{
	Elf64_Phdr ph;

	memcpy(&ph, v->data + v->eh.e_phoff + (uint64_t)i * sizeof(ph), sizeof(ph));
	return ph;
}

static bool addr_to_offset(const struct view *v, uint64_t addr, uint64_t *ret)
{
	for (int i = 0; i < v->eh.e_phnum; i++) {
		Elf64_Phdr ph = phdr(v, i);

		if (ph.p_type == PT_LOAD && addr >= ph.p_vaddr && addr - ph.p_vaddr < ph.p_filesz) {
			*ret = ph.p_offset + (addr - ph.p_vaddr);
			return *ret >= ph.p_offset;
		}
	}
	return false;
}

/* A NUL-terminated string of at least one and less than `size` bytes at a file offset, inside `limit` bytes. */
static bool copy_string(const struct view *v, uint64_t off, uint64_t limit, char *to, size_t size)
{
	uint64_t room = off < v->n ? MIN(limit, v->n - off) : 0;
	const char *s = at(v, off, room);
	size_t len;

	if (!s || room == 0)
		return false;
	len = strnlen(s, MIN(room, (uint64_t)size));
	if (len == 0 || len == room || len >= size)
		return false;
	memcpy(to, s, len + 1);
	return true;
}

struct dynamic {
	Elf64_Phdr ph;
	uint64_t strtab, strsz;
};

static bool next_dyn(const struct view *v, const struct dynamic *d, size_t i, Elf64_Dyn *ret)
{
	uint64_t count = d->ph.p_filesz / sizeof(*ret);

	return i < count && i < DYNS_MAX && d->ph.p_offset <= UINT64_MAX - i * sizeof(*ret) &&
	       copy_out(v, d->ph.p_offset + i * sizeof(*ret), ret, sizeof(*ret)) && ret->d_tag != DT_NULL;
}

static int find_strings(const struct view *v, struct dynamic *d, struct err *e)
{
	uint64_t addr = 0;
	Elf64_Dyn dyn;

	for (size_t i = 0; next_dyn(v, d, i, &dyn); i++) {
		if (dyn.d_tag == DT_STRTAB)
			addr = dyn.d_un.d_ptr;
		else if (dyn.d_tag == DT_STRSZ)
			d->strsz = dyn.d_un.d_val;
	}
	if (addr == 0 || !addr_to_offset(v, addr, &d->strtab))
		return wrong(v, "no string table", e);
	return 0;
}

static int read_needed(const struct view *v, const Elf64_Phdr *ph, struct elfneeds *ret, struct err *e)
{
	struct dynamic d = {.ph = *ph};
	bool have_strings = false;
	Elf64_Dyn dyn;

	for (size_t i = 0; next_dyn(v, &d, i, &dyn); i++) {
		uint64_t off = dyn.d_un.d_val;

		if (dyn.d_tag != DT_NEEDED)
			continue;
		if (!have_strings && find_strings(v, &d, e) < 0)
			return -1;
		have_strings = true;
		if (ret->n_needed == ELFNEEDS_MAX)
			return wrong(v, "too many libraries", e);
		if (off >= d.strsz || d.strtab > UINT64_MAX - off ||
		    !copy_string(v, d.strtab + off, d.strsz - off, ret->needed[ret->n_needed], ELFNEEDS_NAME_SIZE) ||
		    strchr(ret->needed[ret->n_needed], '/'))
			return wrong(v, "bad library name", e);
		ret->n_needed++;
	}
	return 0;
}

/* ---- a module of the kernel: sections, no program headers */

static Elf64_Shdr shdr(const struct view *v, unsigned i)
{
	Elf64_Shdr sh;

	memcpy(&sh, v->data + v->eh.e_shoff + (uint64_t)i * sizeof(sh), sizeof(sh));
	return sh;
}

static int check_sections(const struct view *v, struct err *e)
{
	if (v->eh.e_type != ET_REL)
		return wrong(v, "not an object", e);
	if (v->eh.e_shnum == 0 || v->eh.e_shentsize != sizeof(Elf64_Shdr) || v->eh.e_shstrndx >= v->eh.e_shnum ||
	    !at(v, v->eh.e_shoff, (uint64_t)v->eh.e_shnum * sizeof(Elf64_Shdr)))
		return wrong(v, "cut off, or no section headers", e);
	for (unsigned i = 0; i < v->eh.e_shnum; i++) {
		Elf64_Shdr sh = shdr(v, i);

		if (sh.sh_type != SHT_NULL && sh.sh_type != SHT_NOBITS && !at(v, sh.sh_offset, sh.sh_size))
			return wrong(v, "a section is cut off", e);
	}
	return 0;
}

/* .modinfo is texts that end in NUL each; of one of them, the first word. */
static bool find_release(const char *info, size_t n, char *ret, size_t size)
{
	static const char mark[] = "vermagic=";

	for (size_t len; n > 0; info += len + 1, n -= len + 1) {
		size_t word;

		len = strnlen(info, n);
		if (len == n) /* the last one has no end */
			return false;
		if (strncmp(info, mark, sizeof(mark) - 1) != 0)
			continue;
		info += sizeof(mark) - 1;
		word = strcspn(info, " ");
		if (word == 0 || word >= size)
			return false;
		memcpy(ret, info, word);
		ret[word] = '\0';
		return true;
	}
	return false;
}

int elfneeds_module(const void *data, size_t n, const char *what, char *ret, size_t size, struct err *e)
{
	struct view v = {.data = data, .n = n, .what = what};
	Elf64_Shdr names;

	if (read_header(&v, e) < 0 || check_sections(&v, e) < 0)
		return -1;
	names = shdr(&v, v.eh.e_shstrndx);
	for (unsigned i = 0; i < v.eh.e_shnum; i++) {
		Elf64_Shdr sh = shdr(&v, i);
		char name[16];

		if (sh.sh_type == SHT_PROGBITS && sh.sh_name < names.sh_size &&
		    copy_string(&v, names.sh_offset + sh.sh_name, names.sh_size - sh.sh_name, name, sizeof(name)) &&
		    strcmp(name, ".modinfo") == 0 && find_release((const char *)data + sh.sh_offset, sh.sh_size, ret, size))
			return 0;
	}
	return err_set(e, ERR_PROTO, _("%s: a module that does not say which kernel it is for (vermagic)"), what);
}

int elfneeds_read(const void *data, size_t n, const char *what, struct elfneeds *ret, struct err *e)
{
	struct view v = {.data = data, .n = n, .what = what};

	*ret = (struct elfneeds){0};
	if (read_header(&v, e) < 0)
		return -1;
	for (int i = 0; i < v.eh.e_phnum; i++) {
		Elf64_Phdr ph = phdr(&v, i);

		if (ph.p_type == PT_INTERP &&
		    !copy_string(&v, ph.p_offset, ph.p_filesz, ret->interp, sizeof(ret->interp)))
			return wrong(&v, "bad interpreter", e);
		if (ph.p_type == PT_DYNAMIC && read_needed(&v, &ph, ret, e) < 0)
			return -1;
	}
	return 0;
}
