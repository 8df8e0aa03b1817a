// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "xml/doc/doc.h"
#include "xml/lint/rule.h"

/* What is handed to QEMU as it is: <qemu:commandline> and <qemu:override>. */
#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

static const xmlNode *next(const xmlNode *node, const char *name)
{
	while (node && !hd_node_is_in(node, QEMU_NS, name))
		node = node->next;
	return node;
}

#define EACH(child, parent, name)                                              \
	for (const xmlNode *child = next((parent)->children, name); child;     \
	     child = next(child->next, name))

static int add_x_vga(struct hd_lint *lint, const xmlNode *node)
{
	return hd_lint_add(
		lint, "x-vga", HD_WARNING, NULL, node,
		hd_text("x-vga is for guests with a BIOS: with UEFI the graphics card works without it, and the start can fail with it."),
		hd_text("Remove x-vga"));
}

/* A device as -device takes it: "vfio-pci,host=01:00.0", or JSON. */
static bool is_vfio_device(const char *value)
{
	if (*value == '{')
		return strstr(value, "\"vfio-pci\"") != NULL;
	return hd_after(value, "vfio-pci,") &&
	       (strstr(value, "host=") || strstr(value, "sysfsdev="));
}

static int add_hidden(struct hd_lint *lint, const xmlNode *node,
		      const char *value)
{
	return hd_lint_add(
		lint, "hidden-assignment", HD_WARNING, NULL, node,
		hd_text("'%.120s' gives QEMU a device behind libvirt's back: nobody takes it from the host, checks its group, or lets QEMU open it.",
			value),
		hd_text("Use <hostdev> instead: virt-hostdev xml ADDRESS"));
}

static int check_argument(struct hd_lint *lint, const xmlNode *node,
			  const char *option, const char *value)
{
	int r = 0;

	if (lint->firmware == HD_FIRMWARE_EFI &&
	    (strstr(value, "x-vga=on") || strstr(value, "x-vga=true")))
		r = add_x_vga(lint, node);
	if (r == 0 && option &&
	    (strcmp(option, "-device") == 0 ||
	     strcmp(option, "--device") == 0) &&
	    is_vfio_device(value))
		r = add_hidden(lint, node, value);
	return r;
}

static int check_arguments(struct hd_lint *lint, const xmlNode *command_line)
{
	const char *option = NULL;
	int r = 0;

	EACH(node, command_line, "arg")
	{
		const char *value = hd_node_attribute(node, "value");

		if (r == 0 && value)
			r = check_argument(lint, node, option, value);
		option = value;
	}
	return r;
}

/* <qemu:device alias=''><qemu:frontend><qemu:property name='x-vga' .../> */
static int check_override(struct hd_lint *lint, const xmlNode *override)
{
	if (lint->firmware != HD_FIRMWARE_EFI)
		return 0;
	EACH(device, override, "device")
	EACH(frontend, device, "frontend")
	EACH(property, frontend, "property")
	if (hd_node_attribute_is(property, "name", "x-vga") &&
	    hd_node_attribute_is(property, "value", "true"))
		return add_x_vga(lint, property);
	return 0;
}

int hd_lint_command_line(struct hd_lint *lint)
{
	int r = 0;

	EACH(command_line, lint->domain, "commandline")
	if (r == 0)
		r = check_arguments(lint, command_line);
	EACH(override, lint->domain, "override")
	if (r == 0)
		r = check_override(lint, override);
	return r;
}
