// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/lint/lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "xml/doc/doc.h"
#include "xml/lint/rule.h"

static const struct {
	int (*check)(struct hd_lint *lint);
	bool always; /* also when the domain asks for no device */
} rules[] = {
	{ hd_lint_uuid, true },
	{ hd_lint_metadata, true },
	{ hd_lint_command_line, true },
	{ hd_lint_hostdevs, true },
	{ hd_lint_numbers, false },
	{ hd_lint_duplicates, false },
	{ hd_lint_teaming, false },
	{ hd_lint_boot, false },
	{ hd_lint_guest_addresses, false },
	{ hd_lint_roms, false },
	{ hd_lint_machine, false },
	{ hd_lint_viommu, false },
	{ hd_lint_memory_limit, false },
	{ hd_lint_balloon, false },
	{ hd_lint_virtio_mem, false },
	{ hd_lint_pinning, false },
	{ hd_lint_numa, false },
};

int hd_lint_add(struct hd_lint *lint, const char *id, enum hd_severity severity,
		const struct hd_lint_place *place, const xmlNode *node,
		char *message, char *fix)
{
	return hd_findings_add_at(lint->findings, id, severity,
				  place ? place->assign : HD_WHOLE_DOMAIN,
				  hd_node_line(node), message, fix, lint->err);
}

const xmlNode *hd_lint_next(const xmlNode *node, const char *name)
{
	while (node && (node->type != XML_ELEMENT_NODE || node->ns ||
			(name && strcmp((const char *)node->name, name) != 0)))
		node = node->next;
	return node;
}

const xmlNode *hd_lint_find(const xmlNode *node, const char *path)
{
	while (node && *path) {
		char name[32];
		size_t n = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		node = hd_node_child(node, name);
		path += n + (path[n] == '/');
	}
	return node;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct hd_lint_place *const *x = a, *const *y = b;
	uintptr_t first = (uintptr_t)(*x)->place.node;
	uintptr_t second = (uintptr_t)(*y)->place.node;

	return (first > second) - (first < second);
}

static int sort_places(struct hd_lint *lint)
{
	lint->by_node = calloc(lint->n_places + 1, sizeof(*lint->by_node));
	if (!lint->by_node)
		return hd_err_nomem(lint->err);
	for (size_t i = 0; i < lint->n_places; i++)
		lint->by_node[i] = &lint->places[i];
	qsort(lint->by_node, lint->n_places, sizeof(*lint->by_node),
	      compare_nodes);
	return 0;
}

const struct hd_lint_place *hd_lint_place_of(const struct hd_lint *lint,
					     const xmlNode *node)
{
	const struct hd_lint_place wanted = { .place.node = node };
	const struct hd_lint_place *key = &wanted, **found;

	found = bsearch(&key, lint->by_node, lint->n_places,
			sizeof(*lint->by_node), compare_nodes);
	return found ? *found : NULL;
}

bool hd_lint_is_passed(const struct hd_lint_place *place)
{
	const xmlNode *address = hd_node_child(place->place.node, "address");

	return place->place.source != HD_SOURCE_DISK &&
	       !(address &&
		 hd_node_attribute_is(address, "type", "unassigned"));
}

bool hd_lint_is_gpu(const struct hd_lint_place *place)
{
	return place->device && place->device->class_code >> 16 == 0x03;
}

bool hd_lint_is_i440fx(const struct hd_lint *lint)
{
	const char *machine = lint->machine;

	/* "pc", "pc-i440fx-9.2", and "pc-1.0" of before; not "pc-q35-9.2". */
	return machine && hd_after(machine, "pc") &&
	       (machine[2] == '\0' || machine[2] == '-') &&
	       !hd_lint_is_q35(lint);
}

bool hd_lint_is_q35(const struct hd_lint *lint)
{
	return lint->machine && strstr(lint->machine, "q35");
}

static const struct hd_lint_device *find_device(const struct hd_lint *lint,
						struct hd_addr addr)
{
	size_t n;
	const struct hd_index_item *first =
		hd_index_find(&lint->by_addr, hd_addr_key(addr), &n);

	return first ? &lint->facts->devices[first->at] : NULL;
}

static int add_place(void *data, struct hd_place *found, struct hd_err *err)
{
	struct hd_lint *lint = data;
	struct hd_lint_place *place =
		hd_array_add(&lint->places, &lint->n_places, sizeof(*place));

	if (!place)
		return hd_err_nomem(err);
	place->place = *found;
	place->readable = hd_place_read(&place->place, NULL) == 0;
	place->assign = place->readable ? lint->n_readable++ : HD_WHOLE_DOMAIN;
	if (place->readable)
		place->device = find_device(lint, place->place.addr);
	return 0;
}

/* Of an x86 guest: libvirt's own default is a BIOS. */
static enum hd_firmware read_firmware(const xmlNode *os)
{
	const xmlNode *loader = hd_node_child(os, "loader");
	const char *firmware = hd_node_attribute(os, "firmware");

	if (firmware)
		return strcmp(firmware, "efi") == 0  ? HD_FIRMWARE_EFI :
		       strcmp(firmware, "bios") == 0 ? HD_FIRMWARE_BIOS :
						       HD_FIRMWARE_UNKNOWN;
	if (!loader)
		return HD_FIRMWARE_BIOS;
	return hd_node_attribute_is(loader, "type", "pflash") ?
		       HD_FIRMWARE_EFI :
		       HD_FIRMWARE_UNKNOWN;
}

static void read_machine(struct hd_lint *lint)
{
	const xmlNode *os = hd_lint_find(lint->domain, "os");
	const xmlNode *type = hd_lint_find(os, "type");

	if (!type || (!hd_node_attribute_is(type, "arch", "x86_64") &&
		      !hd_node_attribute_is(type, "arch", "i686")))
		return;
	lint->machine = hd_node_attribute(type, "machine");
	lint->firmware = read_firmware(os);
}

static int check(struct hd_lint *lint)
{
	int r = hd_addr_index(&lint->by_addr, lint->facts->devices,
			      lint->facts->n_devices,
			      sizeof(*lint->facts->devices), lint->err);

	if (r == 0)
		r = hd_places_walk(lint->domain, add_place, lint, lint->err);
	if (r == 0)
		r = sort_places(lint);
	read_machine(lint);
	for (size_t i = 0; r == 0 && i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].always || lint->n_places)
			r = rules[i].check(lint);
	free(lint->places);
	free(lint->by_node);
	hd_index_clear(&lint->by_addr);
	return r;
}

int hd_lint(const char *text, size_t length, const struct hd_lint_facts *facts,
	    struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	struct hd_lint lint = { .facts = facts,
				.findings = findings,
				.err = err };
	int r = hd_doc_parse(text, length, &doc, err);

	if (r < 0)
		return r;
	lint.domain = hd_doc_root(doc);
	if (!hd_node_is(lint.domain, "domain"))
		return hd_err_set(err, EINVAL, "the document is no <domain>");
	lint.devices = hd_node_child(lint.domain, "devices");
	return check(&lint);
}
