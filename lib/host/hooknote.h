/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_HOOKNOTE_H
#define HD_LIB_HOST_HOOKNOTE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A hook of ours is known by a note in its ELF file (elf(5), "Notes"), whose
 * owner is HD_HOOK_NOTE_OWNER, and which holds the path of the second program
 * (hooks/program.h). What merely speaks of us has none. Of this owner there is
 * no other type.
 */
#define HD_HOOK_NOTE_OWNER "virt-hostdev"
#define HD_HOOK_NOTE_TYPE 1

/* Puts such a note into a program. @path is a string. */
#define HD_HOOK_NOTE(path)                                                     \
	__attribute__((used, aligned(4),                                       \
		       section(".note.virt-hostdev"))) static const struct {   \
		uint32_t name_size, path_size, type;                           \
		char name[(sizeof(HD_HOOK_NOTE_OWNER) + 3) / 4 * 4];           \
		char program[(sizeof(path) + 3) / 4 * 4];                      \
	} hook_note = { sizeof(HD_HOOK_NOTE_OWNER), sizeof(path),              \
			HD_HOOK_NOTE_TYPE, HD_HOOK_NOTE_OWNER, path }

/*
 * Finds the note in the text of a file, of a machine with either size of words
 * and this one's order of bytes.
 *
 * Returns the path in it, which lies in @text; NULL when it has none.
 */
const char *hd_hook_note_find(const char *text, size_t length);

#endif
