/* SPDX-License-Identifier: MIT */
/*
 * ELF with a PVH note: Xen's boot ABI for direct kernel boot (Xen docs/misc/pvh.pandoc), which QEMU's microvm machine
 * speaks. Layout: ELF header, two program headers, the note, then the code.
 */
#include "core/vmm/pvh.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

#define XEN_ELFNOTE_PHYS32_ENTRY 18 /* xen/include/public/elfnote.h */

struct note {
	Elf32_Nhdr head;
	char name[4];
	uint32_t entry;
};

struct file {
	Elf32_Ehdr eh;
	Elf32_Phdr load, note_ph;
	struct note note;
};

void pvh_wrap(const void *code, size_t n, struct buf *out)
{
	assert(n <= 1024 * 1024);
	struct file f = {
		.eh = {.e_type = ET_EXEC,
		       .e_machine = EM_386,
		       .e_version = EV_CURRENT,
		       .e_entry = PVH_LOAD_ADDR,
		       .e_phoff = offsetof(struct file, load),
		       .e_ehsize = sizeof(Elf32_Ehdr),
		       .e_phentsize = sizeof(Elf32_Phdr),
		       .e_phnum = 2},
		.load = {.p_type = PT_LOAD,
			 .p_offset = sizeof(f),
			 .p_vaddr = PVH_LOAD_ADDR,
			 .p_paddr = PVH_LOAD_ADDR,
			 .p_filesz = (Elf32_Word)n,
			 .p_memsz = (Elf32_Word)n,
			 .p_flags = PF_R | PF_W | PF_X,
			 .p_align = 1},
		.note_ph = {.p_type = PT_NOTE,
			    .p_offset = offsetof(struct file, note),
			    .p_filesz = sizeof(struct note),
			    .p_memsz = sizeof(struct note),
			    .p_flags = PF_R,
			    .p_align = 4},
		.note = {.head = {.n_namesz = 4, .n_descsz = 4, .n_type = XEN_ELFNOTE_PHYS32_ENTRY},
			 .name = "Xen",
			 .entry = PVH_LOAD_ADDR},
	};

	memcpy(f.eh.e_ident, ELFMAG, SELFMAG);
	f.eh.e_ident[EI_CLASS] = ELFCLASS32;
	f.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	f.eh.e_ident[EI_VERSION] = EV_CURRENT;
	buf_add(out, &f, sizeof(f));
	buf_add(out, code, n);
}
