// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/libvirt/checked_domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/rom.h"
#include "lib/host/sysfs.h"
#include "tools/libvirt/source.h"
#include "xml/lint/lint.h"

int hd_hypervisor_open(struct hd_hypervisor *hypervisor,
		       const struct hd_tool *tool, const char *source,
		       struct hd_err *err)
{
	bool asked = !source || hd_source_is_domain(source);
	int r;

	hypervisor->tool = tool;
	hypervisor->here = true;
	if (!asked && !(tool->uri && tool->host.live))
		return 0;
	r = hd_connection_open(tool->uri, HD_READ_ONLY, &hypervisor->connection,
			       err);
	if (r < 0)
		return r;
	hypervisor->here = !tool->host.live ||
			   hd_connection_is_here(hypervisor->connection, false);
	return hypervisor->here ? 0 :
				  hd_remote_host_read(hypervisor->connection,
						      &hypervisor->remote, err);
}

void hd_hypervisor_clear(struct hd_hypervisor *hypervisor)
{
	hd_connection_close(&hypervisor->connection);
	hd_remote_host_clear(&hypervisor->remote);
}

static int examine_here(struct hd_checked_domain *checked,
			const struct hd_tool *tool, struct hd_err *err)
{
	HD_AUTO_ASK struct hd_ask ask =
		HD_ASK_INIT(&tool->host, tool->names, &checked->findings, err);
	int r = hd_config_read(&tool->host, &ask.config, err);

	/* The request speaks of it for longer than we ask. */
	checked->config = ask.config;
	ask.config.policy = (struct hd_policy)HD_POLICY_INIT;
	checked->request =
		hd_domain_request(&checked->domain, &checked->config.policy);
	checked->inventory = &checked->situation.inventory;
	return r < 0 ? r :
		       hd_examine(&ask, &checked->request, &checked->situation);
}

static int examine_elsewhere(struct hd_checked_domain *checked,
			     const struct hd_hypervisor *hypervisor,
			     struct hd_err *err)
{
	/* What its configuration says isn't known, and that is said. */
	checked->config = (struct hd_config)HD_CONFIG_INIT;
	checked->request =
		hd_domain_request(&checked->domain, &checked->config.policy);
	checked->inventory = &hypervisor->remote.inventory;
	return hd_remote_host_check(&hypervisor->remote, &checked->request,
				    hypervisor->tool->names, &checked->findings,
				    err);
}

/* A file that isn't in the copy of a host may well be on the host. */
static int read_rom(void *data, const char *path, struct hd_rom *ret,
		    struct hd_err *err)
{
	const struct hd_host *host = data;
	int r = hd_rom_read(host, path, ret, err);

	return r == -ENOENT && !host->live ? -EACCES : r;
}

static struct hd_seen read_cpus(void *data, struct hd_addr addr, char **ret)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_sysfs_open_device(data, addr, &fd);

	return seen.is == HD_PRESENT ? hd_sysfs_read(fd, "local_cpulist", ret) :
				       seen;
}

static int lint(struct hd_checked_domain *checked,
		const struct hd_hypervisor *hypervisor, const char *text,
		size_t length, struct hd_err *err)
{
	const struct hd_inventory *inventory = checked->inventory;
	HD_AUTOFREE struct hd_lint_device *devices =
		calloc(inventory->n_devices + 1, sizeof(*devices));
	/* The files of a host elsewhere aren't known. */
	struct hd_lint_facts facts = {
		.devices = devices,
		.n_devices = inventory->n_devices,
		.read_rom = hypervisor->here ? read_rom : NULL,
		.read_cpus = hypervisor->here ? read_cpus : NULL,
		.data = (void *)&hypervisor->tool->host,
	};

	if (!devices)
		return hd_err_nomem(err);
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		devices[i] = (struct hd_lint_device){
			device->addr,	device->class_code, device->vendor,
			device->device, device->numa_node,
		};
	}
	return hd_lint(text, length, &facts, &checked->findings, err);
}

static int examine(struct hd_checked_domain *checked,
		   const struct hd_hypervisor *hypervisor, struct hd_err *err)
{
	return hypervisor->here ? examine_here(checked, hypervisor->tool, err) :
				  examine_elsewhere(checked, hypervisor, err);
}

/* The text of the domain that the command line names. */
static int load(const struct hd_hypervisor *hypervisor, const char *source,
		char **ret, size_t *ret_length, struct hd_err *err)
{
	int r;

	if (!hd_source_is_domain(source))
		return hd_source_load(hypervisor->tool, source, ret, ret_length,
				      err);
	r = hd_connection_xml(hypervisor->connection, source, HD_XML_NEXT, ret,
			      err);
	if (r == 0)
		*ret_length = strlen(*ret);
	return r;
}

int hd_checked_domain_load(struct hd_checked_domain *checked,
			   const struct hd_hypervisor *hypervisor,
			   const char *source, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = load(hypervisor, source, &text, &length, err);

	if (r < 0)
		return r;
	r = hd_source_parse(text, length, &checked->domain, err);
	if (r < 0) {
		hd_err_wrap(err, "%s", source);
		return r;
	}
	return examine(checked, hypervisor, err);
}

int hd_checked_domain_check_text(struct hd_checked_domain *checked,
				 const struct hd_hypervisor *hypervisor,
				 const char *text, size_t length,
				 const char *name, struct hd_err *err)
{
	int r = hd_source_parse_readable(text, length, &checked->domain, err);

	if (r < 0) {
		hd_err_wrap(err, "%s", name);
		return r;
	}
	r = examine(checked, hypervisor, err);
	if (r >= 0)
		r = lint(checked, hypervisor, text, length, err);
	if (r < 0)
		return r;
	return hd_findings_refuse(&checked->findings) ? HD_REFUSED : 0;
}

int hd_checked_domain_check(struct hd_checked_domain *checked,
			    const struct hd_hypervisor *hypervisor,
			    const char *source, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = load(hypervisor, source, &text, &length, err);

	return r < 0 ? r :
		       hd_checked_domain_check_text(checked, hypervisor, text,
						    length, source, err);
}

void hd_checked_domain_clear(struct hd_checked_domain *checked)
{
	hd_domain_clear(&checked->domain);
	hd_situation_clear(&checked->situation);
	hd_findings_clear(&checked->findings);
	hd_config_clear(&checked->config);
}
