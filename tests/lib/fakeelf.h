/* SPDX-License-Identifier: MIT */
/*
 * Small 64-bit ELF files made in memory, well-formed, for tests of what reads such headers.
 */
#ifndef TESTS_LIB_FAKEELF_H
#define TESTS_LIB_FAKEELF_H

#include "base/buf.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

/* Everything loaded at 0 as one segment: header, 3 program headers, dynamic entries, strings. `interp` NULL: none;
 * `needed` NULL-terminated, NULL: a static program. */
static inline void fakeelf_make(struct buf *out, const char *interp, const char *const *needed)
{
	Elf64_Ehdr eh = {.e_type = ET_DYN,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof(eh),
			 .e_ehsize = sizeof(eh),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 3};
	Elf64_Phdr ph[3] = {{.p_type = PT_LOAD}};
	Elf64_Dyn dyn[16] = {{0}};
	struct buf strings = {0};
	size_t n = 0, dyn_at = sizeof(eh) + sizeof(ph), str_at = dyn_at + sizeof(dyn), interp_at;

	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	buf_addc(&strings, '\0');
	for (; needed && *needed; needed++) {
		dyn[n].d_tag = DT_NEEDED;
		dyn[n++].d_un.d_val = strings.len;
		buf_add(&strings, *needed, strlen(*needed) + 1);
	}
	dyn[n].d_tag = DT_STRTAB;
	dyn[n++].d_un.d_ptr = str_at;
	dyn[n].d_tag = DT_STRSZ;
	dyn[n++].d_un.d_val = strings.len;
	interp_at = str_at + strings.len;
	if (interp) {
		buf_add(&strings, interp, strlen(interp) + 1);
		ph[1] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = interp_at, .p_filesz = strlen(interp) + 1};
	}
	if (n > 2 || interp)
		ph[2] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_offset = dyn_at, .p_filesz = sizeof(dyn)};
	ph[0].p_filesz = str_at + strings.len;
	buf_add(out, &eh, sizeof(eh));
	buf_add(out, ph, sizeof(ph));
	buf_add(out, dyn, sizeof(dyn));
	buf_add(out, strings.data, strings.len);
	buf_done(&strings);
}

/* A kernel's module: header, .modinfo with this vermagic (NULL: none), what it holds besides, the names of its sections, and their headers
 * at the end, as compilers put them. */
static inline struct buf fakeelf_module(const char *vermagic, const char *content)
{
	static const char names[] = "\0.modinfo\0.text\0.shstrtab";
	struct buf b = {0};
	Elf64_Shdr sh[4] = {[1] = {.sh_name = 1, .sh_type = SHT_PROGBITS}, [2] = {.sh_name = 10, .sh_type = SHT_PROGBITS},
			    [3] = {.sh_name = 16, .sh_type = SHT_STRTAB}};
	Elf64_Ehdr eh = {.e_type = ET_REL,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_ehsize = sizeof(eh),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 4,
			 .e_shstrndx = 3};

	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	buf_add(&b, &eh, sizeof(eh));
	sh[1].sh_offset = b.len;
	buf_add(&b, "license=GPL", sizeof("license=GPL"));
	if (vermagic) {
		buf_addf(&b, "vermagic=%s SMP preempt mod_unload ", vermagic);
		buf_addc(&b, '\0');
	}
	sh[1].sh_size = b.len - sh[1].sh_offset;
	sh[2].sh_offset = b.len;
	buf_add(&b, content, strlen(content) + 1);
	sh[2].sh_size = b.len - sh[2].sh_offset;
	sh[3].sh_offset = b.len;
	sh[3].sh_size = sizeof(names);
	buf_add(&b, names, sizeof(names));
	while (b.len % 8)
		buf_addc(&b, '\0');
	eh.e_shoff = b.len;
	buf_add(&b, sh, sizeof(sh));
	memcpy(b.data, &eh, sizeof(eh));
	return b;
}

#endif
