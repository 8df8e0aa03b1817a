/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_REWRITE_SETTING_H
#define HD_XML_REWRITE_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/host/addr.h"
#include "lib/request/request.h"

/*
 * What can be set of a device that a domain asks for, beside its address: an
 * attribute of what asks for it, or of a child of that.
 */
struct hd_key {
	const char *name; /* "rom.bar" */
	const char *element; /* the child; NULL: what has managed='' itself */
	const char *attribute;
	const char *takes; /* what its value is: "yes or no" */
	bool (*fits)(const char *value);
	unsigned sources; /* bits 1 << HD_SOURCE_… of those that have it */
	bool unique; /* no two devices have the same value */
};

/* How many keys there are, and each of them, ordered by their elements. */
size_t hd_key_count(void);
const struct hd_key *hd_key_at(size_t i);

/* One key of a device, or of every <hostdev>. */
struct hd_setting {
	bool every;
	struct hd_addr addr; /* unless @every */
	const struct hd_key *key;
	const char *value; /* "": the attribute is removed */
};

/*
 * Reads "[ADDRESS:]KEY=VALUE"; @ret->value points into @text. Returns 0, or
 * -EINVAL with a sentence.
 */
int hd_setting_parse(const char *text, struct hd_setting *ret,
		     struct hd_err *err);

#endif
