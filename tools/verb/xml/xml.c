// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "tools/cli/json.h"
#include "tools/libvirt/connection.h"
#include "tools/libvirt/source.h"
#include "tools/verb/xml/blocks.h"
#include "xml/domain/domain.h"
#include "xml/domain/target.h"

struct values {
	struct hd_xml_values values;
	const char *domain; /* NULL: for no guest in particular */
	unsigned long version; /* of libvirt; 0: not said */
};

static int take_managed(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;
	bool managed = true;
	int r = hd_option_yes_no("managed", argument, &managed, err);

	values->values.unmanaged = !managed;
	return r;
}

static int take_boot(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;

	return hd_option_number("boot", argument, 1, 65535,
				&values->values.boot, err);
}

/* QEMU's limit is 16 * 1024 - 1 (hw/acpi/pcihp.c, ONBOARD_INDEX_MAX). */
static int take_acpi_index(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;

	return hd_option_number("acpi-index", argument, 1, 16383,
				&values->values.acpi_index, err);
}

static int take_vlan(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;

	return hd_option_number("vlan", argument, 1, 4094, &values->values.vlan,
				err);
}

static int take_guest(void *data, const char *argument, struct hd_err *err)
{
	struct hd_xml_values *values = &((struct values *)data)->values;
	int r;

	values->guest_auto = strcmp(argument, "auto") == 0;
	values->guest_said = !values->guest_auto;
	if (values->guest_auto)
		return 0;
	r = hd_addr_parse(argument, &values->guest, err);
	if (r == 0 && values->guest.domain != 0)
		r = hd_err_set(
			err, EINVAL,
			"a guest has PCI domain 0 only, not that of '%s'",
			argument);
	return r;
}

static int take_as(void *data, const char *argument, struct hd_err *err)
{
	struct hd_xml_values *values = &((struct values *)data)->values;

	for (enum hd_source s = HD_SOURCE_HOSTDEV; s <= HD_SOURCE_DISK; s++)
		if (strcmp(argument, hd_source_name(s)) == 0) {
			values->source = s;
			return 0;
		}
	return hd_err_set(err, EINVAL,
			  "--as takes hostdev, interface or disk, not '%s'",
			  argument);
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* libvirt takes no address of a group of stations for a guest. */
static int take_mac(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;
	bool good = strlen(argument) == 17;

	for (size_t i = 0; good && i < 17; i++)
		good = i % 3 == 2 ? argument[i] == ':' :
				    hex_value(argument[i]) >= 0;
	if (!good || hex_value(argument[1]) & 1)
		return hd_err_set(
			err, EINVAL,
			"--mac takes the address of one station as 52:54:00:12:34:56, not '%s'",
			argument);
	values->values.mac = argument;
	return 0;
}

#define WORD_CHARACTERS                                                        \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static int take_alias(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;

	if (!*argument || argument[strspn(argument, WORD_CHARACTERS)])
		return hd_err_set(
			err, EINVAL,
			"--alias takes letters, digits, - and _, not '%s'",
			argument);
	values->values.alias = argument;
	return 0;
}

static int take_rom(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;

	if (*argument != '/' && strcmp(argument, "off") != 0)
		return hd_err_set(
			err, EINVAL,
			"--rom takes the whole path of a file or off, not '%s'",
			argument);
	values->values.rom = argument;
	return 0;
}

/* "10.0.0" or "10.0" */
static int take_version(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;
	unsigned major, minor, micro = 0;
	int end = 0, whole = 0;
	int n = sscanf(argument, "%3u.%3u%n.%3u%n", &major, &minor, &end,
		       &micro, &whole);

	if (n < 2 || argument[n == 3 ? whole : end] || strpbrk(argument, "+- "))
		return hd_err_set(
			err, EINVAL,
			"--libvirt takes a version as 10.0.0, not '%s'",
			argument);
	values->version = major * 1000000UL + minor * 1000UL + micro;
	return 0;
}

/* Options that mean nothing without, or beside, others. */
static int check_wishes(const struct values *values, bool json,
			struct hd_err *err)
{
	const struct hd_xml_values *w = &values->values;
	bool interface = w->source == HD_SOURCE_INTERFACE;
	bool disk = w->source == HD_SOURCE_DISK;
	bool guest = w->guest_said || w->guest_auto || values->domain;
	const struct {
		bool wrong;
		const char *why;
	} rules[] = {
		{ w->mac && !interface, "--mac is of --as interface" },
		{ w->vlan && !interface, "--vlan is of --as interface" },
		{ w->target && !disk, "--target is of --as disk" },
		{ disk && (w->rom || w->acpi_index || w->iommufd ||
			   w->driver_model || w->all_functions),
		  "a disk is QEMU's own: --rom, --acpi-index, --iommufd, --driver-model and --all-functions are of devices that the guest sees" },
		{ w->guest_auto && !values->domain,
		  "--guest-address auto needs the guest: --for DOMAIN" },
		{ w->numa && !values->domain,
		  "--numa needs the guest: --for DOMAIN" },
		{ w->numa && w->guest_said,
		  "--numa finds a guest address, and --guest-address says one" },
		{ w->x_vga && !w->qemu,
		  "--x-vga is of --qemu: in libvirt's XML there is no such thing" },
		{ w->qemu && guest,
		  "--qemu takes no guest address: the buses have the names that your command line gives them" },
		{ w->qemu && w->siblings,
		  "--qemu takes no --siblings: virt-hostdev bind --group takes the whole group from the host" },
		{ w->qemu && json, "--qemu has no --json" },
		{ w->qemu && interface,
		  "--qemu has no --as interface: set the MAC address and the VLAN with ip link" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].wrong)
			return hd_err_set(err, EINVAL, "%s", rules[i].why);
	return 0;
}

/*
 * The libvirt that is to read it: as said, of the connection that is named or
 * that the guest came from, or the library here.
 */
static int find_version(const struct hd_blocks *blocks,
			const struct values *values, unsigned long *ret)
{
	const struct hd_tool *tool = blocks->tool;
	HD_AUTO_CONNECTION struct hd_connection *connection = NULL;
	int r;

	*ret = values->version;
	if (values->version)
		return 0;
	if (!tool->uri &&
	    !(values->domain && hd_source_is_domain(values->domain))) {
		*ret = hd_connection_library_version();
		return 0;
	}
	r = hd_connection_open(tool->uri, HD_READ_ONLY, &connection,
			       blocks->err);
	return r < 0 ? r : hd_connection_version(connection, ret, blocks->err);
}

static int check_versions(const struct hd_blocks *blocks,
			  const struct values *values)
{
	unsigned long version;
	int r = find_version(blocks, values, &version);

	for (size_t i = 0; r == 0 && i < blocks->n; i++)
		r = hd_hostdev_check_version(&blocks->items[i], version,
					     blocks->err);
	if (r == -ENOTSUP && !values->version)
		hd_err_fix(blocks->err,
			   "If it is for another libvirt: --libvirt VERSION");
	return r;
}

/* What the guest asks for already would only be refused by libvirt. */
static int check_new(const struct hd_blocks *blocks,
		     const struct hd_domain *domain)
{
	for (size_t i = 0; i < blocks->n; i++)
		for (size_t k = 0; k < domain->n_assigns; k++)
			if (hd_addr_equal(blocks->items[i].addr,
					  domain->assigns[k].addr))
				return hd_err_set(
					blocks->err, EEXIST,
					"guest '%s' asks for %s already (line %u of its XML)",
					domain->name,
					hd_addr_text(blocks->items[i].addr).s,
					domain->assigns[k].line);
	return 0;
}

/* The guest that the blocks are for: its free slots and names. */
static int read_guest(struct hd_blocks *blocks, const char *source,
		      struct hd_slots *slots)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = hd_source_load(blocks->tool, source, &text, &length,
			       blocks->err);

	if (r == 0)
		r = hd_source_parse(text, length, &domain, blocks->err);
	if (r == 0)
		r = check_new(blocks, &domain);
	if (r == 0)
		r = hd_targets_read(text, length, &blocks->targets,
				    blocks->err);
	return r < 0 ? r : hd_slots_read(text, length, slots, blocks->err);
}

/* All blocks or none: half an answer would be pasted. Freed by the caller. */
static char *format_all(const struct hd_blocks *blocks,
			const struct hd_slots *slots)
{
	HD_AUTOFREE char *text = hd_slots_format_added(slots);

	for (size_t i = 0; text && i < blocks->n; i++) {
		HD_AUTOFREE char *before = hd_steal(&text);
		HD_AUTOFREE char *xml = hd_hostdev_format(&blocks->items[i]);

		text = xml ? hd_text("%s%s", before, xml) : NULL;
	}
	return hd_steal(&text);
}

static json_object *item_json(const struct hd_hostdev *item)
{
	json_object *object = json_object_new_object();
	bool placed = item->place == HD_GUEST_AT;

	json_object_object_add(object, "address",
			       hd_json_text(hd_addr_text(item->addr).s));
	json_object_object_add(object, "element",
			       hd_json_text(hd_source_name(item->source)));
	json_object_object_add(
		object, "guest_address",
		hd_json_text(placed ? hd_addr_text(item->guest).s : NULL));
	json_object_object_add(
		object, "seen_by_guest",
		json_object_new_boolean(item->place != HD_GUEST_NOWHERE));
	return object;
}

static void print_json(const struct hd_blocks *blocks, const char *xml)
{
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();

	for (size_t i = 0; i < blocks->n; i++)
		json_object_array_add(devices, item_json(&blocks->items[i]));
	json_object_object_add(object, "xml", hd_json_text(xml));
	json_object_object_add(object, "devices", devices);
	json_object_object_add(
		object, "findings",
		hd_json_findings(&blocks->notes, HD_WHOLE_DOMAIN));
	hd_json_print(object);
}

static int print_xml(const struct hd_blocks *blocks,
		     const struct hd_slots *slots)
{
	HD_AUTOFREE char *text = format_all(blocks, slots);

	if (!text)
		return hd_err_nomem(blocks->err);
	if (blocks->tool->json)
		print_json(blocks, text);
	else
		fputs(text, stdout);
	return 0;
}

static int make(struct hd_blocks *blocks, const struct values *values,
		const struct hd_addr *addrs, size_t n)
{
	HD_AUTO_SLOTS struct hd_slots slots = { .buses = NULL };
	int r = hd_blocks_add(blocks, addrs, n);

	if (r == 0 && values->domain)
		r = read_guest(blocks, values->domain, &slots);
	if (r == 0)
		r = hd_blocks_fill(blocks);
	if (r == 0)
		r = hd_blocks_fill_rom(blocks);
	if (r == 0 && values->values.qemu)
		return hd_blocks_print_qemu(blocks);
	if (r == 0)
		r = hd_blocks_place(blocks, values->domain ? &slots : NULL);
	if (r == 0)
		r = check_versions(blocks, values);
	return r < 0 ? r : print_xml(blocks, &slots);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	const struct values *values = tool->values;
	HD_AUTO_BLOCKS struct hd_blocks blocks = { .tool = tool,
						   .values = &values->values,
						   .err = err };
	HD_AUTOFREE struct hd_addr *addrs =
		calloc((size_t)argc, sizeof(*addrs));

	if (!addrs) {
		hd_err_nomem(err);
		return HD_EXIT_FAILED;
	}
	for (int i = 0; i < argc; i++)
		if (hd_addr_parse(argv[i], &addrs[i], err) < 0)
			return HD_EXIT_USAGE;
	if (check_wishes(values, tool->json, err) < 0)
		return HD_EXIT_USAGE;
	if (make(&blocks, values, addrs, (size_t)argc) < 0)
		return HD_EXIT_FAILED;
	if (!tool->json)
		hd_print_findings(stderr, &blocks.notes, "");
	return HD_EXIT_FINE;
}

#define WISH(member) offsetof(struct values, values.member)

static const struct hd_option options[] = {
	{ 'm', "managed", "yes|no",
	  "who binds the device: libvirt (yes, the default) or the hook (no)",
	  0, take_managed },
	{ 's', "siblings", NULL,
	  "and the rest of their IOMMU groups, which the guest won't see",
	  WISH(siblings), NULL },
	{ 'a', "all-functions", NULL,
	  "and the other functions of each device, in one slot of the guest",
	  WISH(all_functions), NULL },
	{ 'f', "for", "DOMAIN|FILE|-",
	  "the guest: at free addresses of its own",
	  offsetof(struct values, domain), NULL },
	{ 'g', "guest-address", "auto|GUEST-ADDRESS",
	  "where the guest is to see the device", 0, take_guest },
	{ 'n', "numa", NULL,
	  "near the guest's NUMA cell that is on the device's node", WISH(numa),
	  NULL },
	{ 't', "as", "hostdev|interface|disk",
	  "as which element: an interface for a VF, a disk for NVMe", 0,
	  take_as },
	{ 0, "mac", "MAC", "MAC address of the interface", 0, take_mac },
	{ 0, "vlan", "TAG", "VLAN of the interface", 0, take_vlan },
	{ 0, "target", "NAME", "name of the disk, vda by default", WISH(target),
	  NULL },
	{ 0, "driver-model", "DRIVER",
	  "the VFIO driver, instead of libvirt's choice", WISH(driver_model),
	  NULL },
	{ 0, "iommufd", NULL, "through /dev/iommu instead of /dev/vfio/vfio",
	  WISH(iommufd), NULL },
	{ 0, "rom", "FILE|off", "the ROM that the guest sees", 0, take_rom },
	{ 'b', "boot", "N",
	  "place in the guest's boot order; the next has N + 1", 0, take_boot },
	{ 0, "alias", "NAME", "name of the device, ua-NAME", 0, take_alias },
	{ 0, "acpi-index", "N", "a guest calls a NIC enoN; the next has N + 1",
	  0, take_acpi_index },
	{ 'l', "libvirt", "VERSION",
	  "the libvirt that is to read it; by default the one of this host or connected to",
	  0, take_version },
	{ 'q', "qemu", NULL, "arguments of QEMU instead of XML", WISH(qemu),
	  NULL },
	{ 0, "x-vga", NULL, "with --qemu: a card with a VGA BIOS, for SeaBIOS",
	  WISH(x_vga), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_xml = {
	.name = "xml",
	.arguments = "ADDRESS...",
	.summary = "Write the XML for devices, as libvirt wants it",
	.help = "The blocks belong between <devices> and </devices> of the domain (virsh edit);\n"
		"virt-hostdev rewrite puts them there by itself. With --managed no the hook takes\n"
		"the device and gives it back; with yes, the default, libvirt does, and the hook\n"
		"checks. libvirt chooses the guest's addresses unless --for or --guest-address is\n"
		"given; the controllers that --for finds missing are printed too.\n"
		"A ROM file is checked: it has to be one, and of the device.\n"
		"With --qemu the devices have to be on vfio-pci: virt-hostdev bind.",
	.common = HD_OPT_JSON | HD_OPT_ROOT | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct values),
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
