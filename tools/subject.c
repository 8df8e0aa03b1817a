// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/subject.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/cleanup.h"
#include "lib/rom.h"
#include "xml/lint/lint.h"

/* Examines the domain's devices, as the hook would. */
static int examine(struct hd_subject *subject, const struct hd_tool *tool,
		   struct hd_err *err)
{
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, tool->names, &subject->findings, err);
	int r = hd_config_read(&tool->host, &job.config, err);

	if (r < 0)
		return r;
	subject->request =
		hd_domain_request(&subject->domain, &job.config.policy);
	return hd_examine(&job, &subject->request, &subject->situation);
}

int hd_subject_load(struct hd_subject *subject, const struct hd_tool *tool,
		    const char *source, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = hd_source_load(tool, source, &text, &length, err);

	if (r < 0)
		return r;
	r = hd_domain_parse(text, length, &subject->domain, err);
	if (r < 0) {
		hd_err_wrap(err, "%s", source);
		return r;
	}
	return examine(subject, tool, err);
}

/* A file that isn't in the copy of a host may well be on the host. */
static int read_rom(void *data, const char *path, struct hd_rom *ret,
		    struct hd_err *err)
{
	const struct hd_host *host = data;
	int r = hd_rom_read(host, path, ret, err);

	return r == -ENOENT && !host->live ? -EACCES : r;
}

static int lint(struct hd_subject *subject, const struct hd_tool *tool,
		const char *text, size_t length, struct hd_err *err)
{
	const struct hd_inventory *inventory = &subject->situation.inventory;
	HD_AUTOFREE struct hd_lint_device *devices =
		calloc(inventory->n_devices + 1, sizeof(*devices));
	struct hd_lint_facts facts = {
		.devices = devices,
		.n_devices = inventory->n_devices,
		.read_rom = read_rom,
		.data = (void *)&tool->host,
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

int hd_subject_check(struct hd_subject *subject, const struct hd_tool *tool,
		     const char *source, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = hd_source_load(tool, source, &text, &length, err);

	if (r < 0)
		return r;
	r = hd_domain_parse_readable(text, length, &subject->domain, err);
	if (r < 0) {
		hd_err_wrap(err, "%s", source);
		return r;
	}
	r = examine(subject, tool, err);
	return r < 0 ? r : lint(subject, tool, text, length, err);
}

void hd_subject_clear(struct hd_subject *subject)
{
	hd_domain_clear(&subject->domain);
	hd_situation_clear(&subject->situation);
	hd_findings_clear(&subject->findings);
}
