// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/doc/number.h"
#include "xml/lint/rule.h"

/*
 * The numbers of an <address>, read by libvirt with virXMLPropUInt() and base 0
 * (src/conf/device_conf.c, virPCIDeviceAddressParseXML()), although its schema
 * lets bare hexadecimal digits pass.
 */
static const struct part {
	const char *name;
	uint32_t max;
	int digits;
} parts[] = {
	{ "domain", UINT32_MAX, 4 },
	{ "bus", 0xff, 2 },
	{ "slot", 0x1f, 2 },
	{ "function", 7, 1 },
};

/* What to write when the digits were meant to be hexadecimal; NULL: don't know.
 */
static char *suggest(const struct part *part, const char *text)
{
	uint32_t value;

	return hd_number_parse_hex(text, part->max, &value) ?
		       hd_text("Write %s='0x%0*x'", part->name, part->digits,
			       value) :
		       NULL;
}

static int refuse(struct hd_lint *lint, const struct hd_lint_place *place,
		  const xmlNode *address, const struct part *part,
		  const char *text)
{
	uint32_t value;

	if (hd_number_parse(text, UINT32_MAX, &value))
		return hd_lint_add(
			lint, "number-not-libvirt", HD_ERROR, place, address,
			hd_text("%s='%.32s' of <address> is larger than 0x%x.",
				part->name, text, part->max),
			NULL);
	return hd_lint_add(
		lint, "number-not-libvirt", HD_ERROR, place, address,
		hd_text("%s='%.32s' of <address> is no number to libvirt, which takes hexadecimal digits after 0x only.",
			part->name, text),
		suggest(part, text));
}

/* Whether it is other digits to libvirt than to whoever wrote it. */
static bool is_octal(const char *text, uint32_t value)
{
	uint32_t other;

	text += strspn(text, " \t\n\v\f\r+");
	return text[0] == '0' && text[1] >= '0' && text[1] <= '7' &&
	       (!hd_number_parse_hex(text, UINT32_MAX, &other) ||
		other != value);
}

static int check_part(struct hd_lint *lint, const struct hd_lint_place *place,
		      const xmlNode *address, const struct part *part)
{
	const char *text = hd_node_attribute(address, part->name);
	uint32_t value;

	if (!text)
		return 0;
	if (!hd_number_parse(text, part->max, &value))
		return refuse(lint, place, address, part, text);
	if (!is_octal(text, value))
		return 0;
	return hd_lint_add(
		lint, "number-octal", HD_WARNING, place, address,
		hd_text("%s='%.32s' is 0x%0*x for libvirt, which reads a number with a leading 0 as octal.",
			part->name, text, part->digits, value),
		hd_text("Write %s='0x%0*x', or in hexadecimal what was meant",
			part->name, part->digits, value));
}

static int check_address(struct hd_lint *lint,
			 const struct hd_lint_place *place,
			 const xmlNode *address)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		r = check_part(lint, place, address, &parts[i]);
	return r;
}

/* The host's address and, where it has one, the guest's. */
int hd_lint_numbers(struct hd_lint *lint)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < lint->n_places; i++) {
		const struct hd_lint_place *place = &lint->places[i];
		const xmlNode *guest =
			hd_node_child(place->place.node, "address");

		if (place->place.address)
			r = check_address(lint, place, place->place.address);
		if (r == 0 && guest &&
		    hd_node_attribute_is(guest, "type", "pci"))
			r = check_address(lint, place, guest);
	}
	return r;
}
