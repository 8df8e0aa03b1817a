// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/subject.h"

#include "lib/cleanup.h"

int hd_subject_load(struct hd_subject *subject, const struct hd_tool *tool,
		    const char *source, struct hd_err *err)
{
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, tool->names, &subject->findings, err);
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
	r = hd_config_read(&tool->host, &job.config, err);
	if (r < 0)
		return r;
	subject->request =
		hd_domain_request(&subject->domain, &job.config.policy);
	return hd_examine(&job, &subject->request, &subject->situation);
}

void hd_subject_clear(struct hd_subject *subject)
{
	hd_domain_clear(&subject->domain);
	hd_situation_clear(&subject->situation);
	hd_findings_clear(&subject->findings);
}
