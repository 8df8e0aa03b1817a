// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/pin.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "xml/doc/doc.h"
#include "xml/doc/edit.h"
#include "xml/doc/number.h"

/* A pair of four hexadecimal digits each, a number of so many, or a text. */
enum form { PAIR, HEX, TEXT };

static const struct {
	const char *name;
	enum form form;
	unsigned digits; /* of HEX */
	size_t offset, size; /* in struct hd_identity; size of TEXT */
} attributes[] = {
	{ "subsystem", PAIR, 0, offsetof(struct hd_identity, subsystem), 0 },
	{ "class", HEX, 6, offsetof(struct hd_identity, class_code), 0 },
	{ "revision", HEX, 2, offsetof(struct hd_identity, revision), 0 },
#define TEXT_ROW(member)                                                       \
	{ #member, TEXT, 0, offsetof(struct hd_identity, member),              \
	  sizeof(((struct hd_identity *)0)->member) }
	TEXT_ROW(dsn),
	TEXT_ROW(serial),
	TEXT_ROW(mac),
	TEXT_ROW(slot),
	TEXT_ROW(path),
};

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static int refuse(const xmlNode *node, const char *name, const char *value,
		  struct hd_err *err)
{
	return hd_err_set(
		err, EINVAL,
		"line %u of the XML: %s='%.64s' of <device> can't be understood",
		hd_node_line(node), name, value);
}

static bool read_hex(const char *text, unsigned digits, int64_t *ret)
{
	uint32_t value;

	if (strlen(text) != digits ||
	    !hd_number_parse_hex(text, UINT32_MAX, &value))
		return false;
	*ret = value;
	return true;
}

static bool read_pair(const char *text, int64_t *ret)
{
	char first[5] = "";
	int64_t high, low;

	memcpy(first, text, strnlen(text, 4));
	if (!read_hex(first, 4, &high) || text[4] != ':' ||
	    !read_hex(text + 5, 4, &low))
		return false;
	*ret = high << 16 | low;
	return true;
}

static bool read_value(size_t row, const char *text,
		       struct hd_identity *identity)
{
	void *member = (char *)identity + attributes[row].offset;

	switch (attributes[row].form) {
	case PAIR:
		return read_pair(text, member);
	case HEX:
		return read_hex(text, attributes[row].digits, member);
	default:
		if (!*text || strlen(text) >= attributes[row].size)
			return false;
		strcpy(member, text);
		return true;
	}
}

static int read_attribute(const xmlNode *node, const char *name,
			  struct hd_identity *identity, struct hd_err *err)
{
	const char *text = hd_node_attribute(node, name);
	int64_t id;

	if (strcmp(name, "address") == 0)
		return 0;
	if (strcmp(name, "id") == 0) {
		if (!read_pair(text, &id))
			return refuse(node, name, text, err);
		identity->vendor = (uint16_t)(id >> 16);
		identity->device = (uint16_t)id;
		return 0;
	}
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (strcmp(name, attributes[i].name) == 0 &&
		    read_value(i, text, identity))
			return 0;
	return refuse(node, name, text, err);
}

int hd_pin_read(const xmlNode *node, struct hd_identity *ret,
		struct hd_err *err)
{
	*ret = (struct hd_identity){ .subsystem = HD_ID_UNKNOWN,
				     .class_code = HD_ID_UNKNOWN,
				     .revision = HD_ID_UNKNOWN };
	for (const xmlAttr *attribute = node->properties; attribute;
	     attribute = attribute->next) {
		const char *name = (const char *)attribute->name;
		int r = attribute->ns ? refuse(node, name, "", err) :
					read_attribute(node, name, ret, err);

		if (r < 0)
			return r;
	}
	if (!ret->vendor)
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: <device> has no id such as 8086:10d3",
			hd_node_line(node));
	return 0;
}

/* False when memory runs out. */
static bool write_value(FILE *file, size_t row,
			const struct hd_identity *identity)
{
	const void *member = (const char *)identity + attributes[row].offset;
	HD_AUTOFREE char *escaped = NULL;
	int64_t number = HD_ID_UNKNOWN;

	if (attributes[row].form == TEXT) {
		escaped = hd_xml_escape(member);
		if (escaped && *escaped)
			fprintf(file, " %s='%s'", attributes[row].name,
				escaped);
		return escaped;
	}
	memcpy(&number, member, sizeof(number));
	if (number == HD_ID_UNKNOWN)
		return true;
	fprintf(file, " %s='", attributes[row].name);
	if (attributes[row].form == PAIR)
		fprintf(file, "%04x:%04x'", (unsigned)(number >> 16),
			(unsigned)number & 0xffff);
	else
		fprintf(file, "%0*x'", (int)attributes[row].digits,
			(unsigned)number);
	return true;
}

char *hd_pin_format(const struct hd_pin *pin, const char *prefix)
{
	char *text = NULL;
	size_t size;
	bool ok = true;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	fprintf(file, "<%s%sdevice address='%s' id='%04x:%04x'", prefix,
		*prefix ? ":" : "", hd_addr_text(pin->addr).s,
		pin->identity.vendor, pin->identity.device);
	for (size_t i = 0; ok && i < N_ATTRIBUTES; i++)
		ok = write_value(file, i, &pin->identity);
	fputs("/>", file);
	text = hd_stream_text(file, &text);
	if (!ok) {
		free(text);
		text = NULL;
	}
	return text;
}
