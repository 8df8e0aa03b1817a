/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_SCRIPTS_H
#define HD_LIB_DOCTOR_READ_SCRIPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/host/host.h"

/* What libvirt runs as a hook of QEMU (src/util/virhook.c). */
struct hd_script {
	char *path; /* with a leading slash; owned */
	char *text; /* of a script, NULL of a program; owned */
	struct stat st;
	bool ours; /* it is virt-hostdev's */
	char *program; /* the path of what it executes then; owned */
	char *place; /* of a bundle's, where a link leads to it; owned, or NULL
		      */
};

struct hd_scripts {
	struct hd_script *items;
	size_t n;
	int error; /* the negative errno why they can't be read, or 0 */
};

#define HD_SCRIPTS_FILE "/etc/libvirt/hooks/qemu"
#define HD_SCRIPTS_FOLDER HD_SCRIPTS_FILE ".d"

/* libvirt has no limit; nobody has that many. */
#define HD_SCRIPTS_LIMIT 256

#define HD_AUTO_SCRIPTS __attribute__((cleanup(hd_scripts_clear)))

/*
 * Reads the hook itself and what is in its folder, in the order of names. What
 * isn't there is none. Returns 0, or -ENOMEM.
 */
int hd_scripts_read(const struct hd_host *host, struct hd_scripts *ret);

/*
 * Finds one of @words, separated by "|", in the commands of a script: not in
 * lines that are comments. Returns the number of the line, from 1, and sets
 * *@ret_word to the word, up to the "|"; 0 when there is none.
 */
unsigned hd_script_find(const char *text, const char *words,
			const char **ret_word);

/*
 * The line, from 1, that leaves a command running which keeps the script's
 * output open: one that ends with "&" and redirects nothing. 0 without one.
 */
unsigned hd_script_find_background(const char *text);

void hd_scripts_clear(struct hd_scripts *scripts);

#endif
