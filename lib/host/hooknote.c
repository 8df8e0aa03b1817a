// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/hooknote.h"

#include <elf.h>
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#define OUR_ORDER (BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)

/* Where the notes of a program header are. */
struct notes {
	uint64_t offset, size;
};

/* The two sizes of words: the same fields in other places. */
struct table {
	uint64_t offset;
	size_t entry_size, n;
	bool wide;
};

static bool read_table(const char *text, size_t length, struct table *ret)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (length < sizeof(wide) || memcmp(text, ELFMAG, SELFMAG) != 0 ||
	    text[EI_DATA] != OUR_ORDER)
		return false;
	memcpy(&wide, text, sizeof(wide));
	memcpy(&narrow, text, sizeof(narrow));
	ret->wide = text[EI_CLASS] == ELFCLASS64;
	ret->offset = ret->wide ? wide.e_phoff : narrow.e_phoff;
	ret->n = ret->wide ? wide.e_phnum : narrow.e_phnum;
	ret->entry_size = ret->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	return ret->wide || text[EI_CLASS] == ELFCLASS32;
}

/* False for an entry of another kind. */
static bool read_entry(const char *entry, bool wide, struct notes *ret)
{
	Elf64_Phdr wide_entry;
	Elf32_Phdr narrow_entry;

	if (wide) {
		memcpy(&wide_entry, entry, sizeof(wide_entry));
		*ret = (struct notes){ wide_entry.p_offset,
				       wide_entry.p_filesz };
		return wide_entry.p_type == PT_NOTE;
	}
	memcpy(&narrow_entry, entry, sizeof(narrow_entry));
	*ret = (struct notes){ narrow_entry.p_offset, narrow_entry.p_filesz };
	return narrow_entry.p_type == PT_NOTE;
}

/* Names and texts are padded to four bytes. */
static size_t padded(size_t size)
{
	return (size + 3) / 4 * 4;
}

static const char *find_in(const char *notes, size_t size)
{
	Elf64_Nhdr header; /* the same in both sizes */

	while (size >= sizeof(header)) {
		const char *name = notes + sizeof(header), *path;
		size_t rest = size - sizeof(header);

		memcpy(&header, notes, sizeof(header));
		if (header.n_namesz > rest || header.n_descsz > rest ||
		    padded(header.n_namesz) + padded(header.n_descsz) > rest)
			return NULL;
		path = name + padded(header.n_namesz);
		if (header.n_type == HD_HOOK_NOTE_TYPE &&
		    header.n_namesz == sizeof(HD_HOOK_NOTE_OWNER) &&
		    memcmp(name, HD_HOOK_NOTE_OWNER, header.n_namesz) == 0 &&
		    header.n_descsz > 0 && path[header.n_descsz - 1] == '\0')
			return path;
		notes = path + padded(header.n_descsz);
		size = rest - padded(header.n_namesz) - padded(header.n_descsz);
	}
	return NULL;
}

const char *hd_hook_note_find(const char *text, size_t length)
{
	struct table table;
	const char *path = NULL;

	if (!read_table(text, length, &table) || table.offset > length ||
	    table.n > (length - table.offset) / table.entry_size)
		return NULL;
	for (size_t i = 0; !path && i < table.n; i++) {
		struct notes notes;

		if (read_entry(text + table.offset + i * table.entry_size,
			       table.wide, &notes) &&
		    notes.offset <= length &&
		    notes.size <= length - notes.offset)
			path = find_in(text + notes.offset, notes.size);
	}
	return path;
}
