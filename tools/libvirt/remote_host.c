// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/libvirt/remote_host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/check/check.h"
#include "xml/domain/nodedev.h"

static int add_device(void *data, const char *xml, struct hd_err *err)
{
	struct hd_inventory *inventory = data;
	struct hd_device device, *slot;
	int r = hd_nodedev_parse(xml, strlen(xml), &device, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	slot = hd_array_add(&inventory->devices, &inventory->n_devices,
			    sizeof(*slot));
	if (!slot) {
		hd_device_clear(&device);
		return hd_err_nomem(err);
	}
	*slot = device;
	inventory->iommu |= device.group != HD_NO_GROUP;
	return 0;
}

int hd_remote_host_read(struct hd_connection *connection,
			struct hd_remote_host *ret, struct hd_err *err)
{
	HD_AUTO_REMOTE_HOST struct hd_remote_host remote = { .uri = NULL };
	int r = hd_connection_visit_pci(connection, add_device,
					&remote.inventory, err);

	hd_inventory_sort(&remote.inventory);
	remote.uri = hd_connection_uri(connection);
	if (r == 0 && !remote.uri)
		r = hd_err_nomem(err);
	if (r < 0)
		return r;
	*ret = remote;
	remote = (struct hd_remote_host){ .uri = NULL };
	return 0;
}

/* The rules see what isn't known as good. */
int hd_remote_host_check(const struct hd_remote_host *remote,
			 const struct hd_request *request,
			 struct hd_names *names, struct hd_findings *findings,
			 struct hd_err *err)
{
	HD_AUTOFREE enum hd_module_state *modules =
		calloc(request->n_assigns + 1, sizeof(*modules));
	HD_AUTO(hd_fates_clear) struct hd_fates fates = HD_FATES_INIT;
	/* It owns nothing. */
	struct hd_situation situation = {
		.inventory = remote->inventory,
		.modules = modules,
		.vfio_node = true,
		.names = names,
	};
	struct hd_request known = *request;
	int r = modules ? hd_fates_find(&remote->inventory, request, &fates,
					err) :
			  hd_err_nomem(err);

	if (r < 0)
		return r;
	situation.fates = fates;
	for (size_t i = 0; i < request->n_assigns; i++)
		modules[i] = HD_MODULE_PRESENT;
	/* What is allowed to be lost isn't looked for. */
	known.n_allows = 0;
	return hd_check(&situation, &known, findings, err);
}

/* No pass by silence: all that hd_check() would have looked at. */
int hd_remote_host_unknown(const struct hd_remote_host *remote,
			   const char *command, struct hd_findings *findings,
			   struct hd_err *err)
{
	return hd_findings_add(
		findings, "unknown-from-here", HD_INFO, HD_WHOLE_DOMAIN,
		hd_text("Only what libvirt at %s tells was looked at, and \"this host\" is that one; not known from here: what it can't do without, who uses the devices, which guest has them, whether they are the pinned ones, whether driver and /dev/vfio/vfio are there, what its /etc/virt-hostdev.conf says.",
			remote->uri),
		hd_text("On that host: virt-hostdev check %s", command), err);
}

void hd_remote_host_clear(struct hd_remote_host *remote)
{
	free(remote->uri);
	hd_inventory_clear(&remote->inventory);
	remote->uri = NULL;
}
