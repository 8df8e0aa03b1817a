// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/libvirt/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/rom.h"
#include "lib/host/sysfs.h"
#include "xml/lint/lint.h"

int hd_scene_open(struct hd_scene *scene, const struct hd_tool *tool,
		  const char *source, struct hd_err *err)
{
	bool asked = !source || hd_source_is_domain(source);
	int r;

	scene->tool = tool;
	scene->here = true;
	if (!asked && !(tool->uri && tool->host.live))
		return 0;
	r = hd_connection_open(tool->uri, HD_READ_ONLY, &scene->connection,
			       err);
	if (r < 0)
		return r;
	scene->here = !tool->host.live ||
		      hd_connection_is_here(scene->connection, false);
	return scene->here ? 0 :
			     hd_remote_host_read(scene->connection,
						 &scene->remote, err);
}

void hd_scene_clear(struct hd_scene *scene)
{
	hd_connection_close(&scene->connection);
	hd_remote_host_clear(&scene->remote);
}

static int examine_here(struct hd_subject *subject, const struct hd_tool *tool,
			struct hd_err *err)
{
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, tool->names, &subject->findings, err);
	int r = hd_config_read(&tool->host, &job.config, err);

	subject->request =
		hd_domain_request(&subject->domain, &job.config.policy);
	subject->inventory = &subject->situation.inventory;
	return r < 0 ? r :
		       hd_examine(&job, &subject->request, &subject->situation);
}

static int examine_elsewhere(struct hd_subject *subject,
			     const struct hd_scene *scene, struct hd_err *err)
{
	const struct hd_policy policy = { HD_SIBLINGS_REFUSE };

	subject->request = hd_domain_request(&subject->domain, &policy);
	subject->inventory = &scene->remote.inventory;
	return hd_remote_host_check(&scene->remote, &subject->request,
				    scene->tool->names, &subject->findings,
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

static char *read_cpus(void *data, struct hd_addr addr)
{
	HD_AUTOCLOSE int fd = hd_sysfs_open_device(data, addr);
	char *text = NULL;

	if (fd >= 0)
		hd_sysfs_read(fd, "local_cpulist", &text);
	return text;
}

static int lint(struct hd_subject *subject, const struct hd_scene *scene,
		const char *text, size_t length, struct hd_err *err)
{
	const struct hd_inventory *inventory = subject->inventory;
	HD_AUTOFREE struct hd_lint_device *devices =
		calloc(inventory->n_devices + 1, sizeof(*devices));
	/* The files of a host elsewhere aren't known. */
	struct hd_lint_facts facts = {
		.devices = devices,
		.n_devices = inventory->n_devices,
		.read_rom = scene->here ? read_rom : NULL,
		.read_cpus = scene->here ? read_cpus : NULL,
		.data = (void *)&scene->tool->host,
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
	return hd_lint(text, length, &facts, &subject->findings, err);
}

static int examine(struct hd_subject *subject, const struct hd_scene *scene,
		   struct hd_err *err)
{
	return scene->here ? examine_here(subject, scene->tool, err) :
			     examine_elsewhere(subject, scene, err);
}

/* The text of the domain that the command line names. */
static int load(const struct hd_scene *scene, const char *source, char **ret,
		size_t *ret_length, struct hd_err *err)
{
	int r;

	if (!hd_source_is_domain(source))
		return hd_source_load(scene->tool, source, ret, ret_length,
				      err);
	r = hd_connection_xml(scene->connection, source, HD_XML_NEXT, ret, err);
	if (r == 0)
		*ret_length = strlen(*ret);
	return r;
}

int hd_subject_load(struct hd_subject *subject, const struct hd_scene *scene,
		    const char *source, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = load(scene, source, &text, &length, err);

	if (r < 0)
		return r;
	r = hd_domain_parse(text, length, &subject->domain, err);
	if (r < 0) {
		hd_err_wrap(err, "%s", source);
		return r;
	}
	return examine(subject, scene, err);
}

int hd_subject_check_text(struct hd_subject *subject,
			  const struct hd_scene *scene, const char *text,
			  size_t length, const char *name, struct hd_err *err)
{
	int r = hd_domain_parse_readable(text, length, &subject->domain, err);

	if (r < 0) {
		hd_err_wrap(err, "%s", name);
		return r;
	}
	r = examine(subject, scene, err);
	return r < 0 ? r : lint(subject, scene, text, length, err);
}

int hd_subject_check(struct hd_subject *subject, const struct hd_scene *scene,
		     const char *source, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = load(scene, source, &text, &length, err);

	return r < 0 ? r :
		       hd_subject_check_text(subject, scene, text, length,
					     source, err);
}

void hd_subject_clear(struct hd_subject *subject)
{
	hd_domain_clear(&subject->domain);
	hd_situation_clear(&subject->situation);
	hd_findings_clear(&subject->findings);
}
