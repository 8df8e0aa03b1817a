// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/cleanup.h"
#include "lib/device.h"
#include "tools/tool.h"
#include "xml/hostdev.h"

/* XML for a device that can't be assigned would only fail later. */
static int check_endpoint(const struct hd_tool *tool, struct hd_addr addr,
			  struct hd_err *err)
{
	struct hd_device device;
	int r = hd_device_read(&tool->host, addr, HD_BRIEF, &device, err);

	if (r == -ENOENT) {
		hd_err_set(err, ENOENT, "this host has no PCI device at %s",
			   hd_addr_text(addr).s);
		hd_err_fix(err, "virt-hostdev list");
	}
	if (r < 0)
		return r;
	if (device.bridge) {
		r = hd_err_set(
			err, EINVAL,
			"%s is a bridge (driver %s), and only endpoints can be given to a guest",
			hd_addr_text(addr).s,
			device.driver ? device.driver : "none");
		hd_err_fix(err, "Name the device behind it: virt-hostdev list");
	}
	hd_device_clear(&device);
	return r;
}

/* All blocks or none: half an answer would be pasted. */
static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTOFREE struct hd_addr *addrs =
		calloc((size_t)argc, sizeof(*addrs));

	if (!addrs) {
		hd_err_nomem(err);
		return HD_EXIT_FAILED;
	}
	for (int i = 0; i < argc; i++) {
		if (hd_addr_parse(argv[i], &addrs[i], err) < 0)
			return HD_EXIT_USAGE;
		if (check_endpoint(tool, addrs[i], err) < 0)
			return HD_EXIT_FAILED;
	}
	for (int i = 0; i < argc; i++) {
		HD_AUTOFREE char *xml =
			hd_hostdev_format(addrs[i], tool->managed);

		if (!xml) {
			hd_err_nomem(err);
			return HD_EXIT_FAILED;
		}
		fputs(xml, stdout);
	}
	return HD_EXIT_FINE;
}

const struct hd_verb hd_verb_xml = {
	.name = "xml",
	.arguments = "ADDRESS...",
	.summary = "Write the <hostdev> block for each device",
	.help = "The blocks belong between <devices> and </devices> of the domain (virsh edit).\n"
		"With --managed no the hook takes the device and gives it back; with yes, the\n"
		"default, libvirt does, and the hook checks.",
	.options = HD_OPT_ROOT | HD_OPT_MANAGED,
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
