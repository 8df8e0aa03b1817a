/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_FINDERS_H
#define HD_LIB_GUARD_FINDERS_H

#include "lib/guard/guard.h"

/*
 * Between lib/guard/guard.c and its guards: what they look at, and where they
 * put what they find. It owns nothing.
 */
struct hd_guard {
	const struct hd_host *host;
	const struct hd_device *devices;
	size_t n_devices;
	const struct hd_nodes *nodes;
	unsigned seconds;
	struct hd_critical_uses *critical_uses;
	struct hd_err *err;
};

/* The device at @addr, NULL when it isn't one of those to be taken. */
const struct hd_device *hd_guard_device(const struct hd_guard *guard,
					struct hd_addr addr);

/* Whether any of the devices has a node of this kind. */
bool hd_guard_has(const struct hd_guard *guard, enum hd_node_kind kind);

/* The node with this name, or NULL. */
const struct hd_node *hd_guard_node(const struct hd_guard *guard,
				    enum hd_node_kind kind, const char *name);

/*
 * Adds a critical_use. @chain, made with hd_text() or hd_stream_open(), is
 * taken over; NULL counts as out of memory. Returns 0 or -ENOMEM with a
 * sentence.
 */
int hd_guard_add(struct hd_guard *guard, struct hd_addr addr,
		 enum hd_critical critical, bool root, char *chain);

/*
 * Adds that it can't be told whether the host needs a device for something, as
 * the sentence in guard->err says, which is emptied. Returns 0 or -ENOMEM with
 * a sentence.
 */
int hd_guard_add_unknown(struct hd_guard *guard, struct hd_addr addr,
			 enum hd_critical critical);

/*
 * The same of each device that has a node of this kind, when @r is no success.
 */
int hd_guard_settle(struct hd_guard *guard, int r, enum hd_node_kind kind,
		    enum hd_critical critical);

/* Whether nobody may allow what is mounted there to be lost. */
bool hd_guard_is_root(const char *target);

/*
 * Reads a word "NAME=value" of the kernel's command line; *@ret is owned by the
 * caller, and NULL when there is none. Returns 0 or a negative errno with a
 * sentence.
 */
int hd_guard_read_boot_word(struct hd_guard *guard, const char *name,
			    char **ret);

/*
 * The guards: each returns 0, or a negative errno with a sentence that says why
 * nothing is known.
 */
int hd_guard_block(struct hd_guard *guard);
int hd_guard_net(struct hd_guard *guard);
int hd_guard_display(struct hd_guard *guard);
int hd_guard_keyboard(struct hd_guard *guard);
int hd_guard_chipset(struct hd_guard *guard);
int hd_guard_regions(struct hd_guard *guard);

#endif
