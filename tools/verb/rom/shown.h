/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_ROM_SHOWN_H
#define HD_TOOLS_VERB_ROM_SHOWN_H

#include "lib/base/finding.h"
#include "lib/host/cardrom.h"
#include "lib/host/device.h"
#include "tools/tool.h"

/* A card's ROM, and what there is to say of it. */
struct hd_shown_rom {
	struct hd_device device;
	struct hd_cardrom cardrom;
	struct hd_findings notes;
	const char *saved; /* the file that it was written to, or NULL */
};

/* Adds what a person should know before a guest gets it. Returns 0 or -ENOMEM.
 */
int hd_shown_rom_judge(struct hd_shown_rom *shown, struct hd_err *err);

/* The part of that which is to be said even when nothing was read: whether the
 * kernel goes on to show the ROM. */
int hd_shown_rom_judge_kernel(struct hd_shown_rom *shown, struct hd_err *err);

/* Prints it to stdout. */
void hd_shown_rom_print(const struct hd_shown_rom *shown,
			const struct hd_tool *tool);

/*
 * Writes it to a new file that libvirt's QEMU may read: root's, 0644, and where
 * SELinux is on with the label of what guests only read; what can't be set is a
 * note. "-" is standard output. Returns 0 or a negative errno with a sentence
 * in @err.
 */
int hd_shown_rom_save(struct hd_shown_rom *shown, const struct hd_host *host,
		      const char *name, struct hd_err *err);

#endif
