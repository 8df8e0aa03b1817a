// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/stream.h"

int hd_findings_add_at(struct hd_findings *findings, const char *id,
		       enum hd_severity severity, size_t assign, unsigned line,
		       char *message, char *fix, struct hd_err *err)
{
	struct hd_finding *finding = NULL;

	if (message)
		finding = hd_array_add(&findings->items, &findings->n,
				       sizeof(*finding));
	if (!finding) {
		free(message);
		free(fix);
		return hd_err_nomem(err);
	}
	*finding = (struct hd_finding){ id,	 severity, assign, line,
					message, fix,	   NULL };
	return 0;
}

int hd_findings_add(struct hd_findings *findings, const char *id,
		    enum hd_severity severity, size_t assign, char *message,
		    char *fix, struct hd_err *err)
{
	return hd_findings_add_at(findings, id, severity, assign, 0, message,
				  fix, err);
}

int hd_findings_add_refusal(struct hd_findings *findings, const char *id,
			    char *message, char *fix, struct hd_err *err)
{
	int r = hd_findings_add(findings, id, HD_ERROR, HD_WHOLE_DOMAIN,
				message, fix, err);

	return r < 0 ? r : HD_REFUSED;
}

size_t hd_findings_count(const struct hd_findings *findings,
			 enum hd_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->items[i].severity == severity;
	return n;
}

bool hd_findings_refuse(const struct hd_findings *findings)
{
	return hd_findings_count(findings, HD_ERROR) > 0;
}

char *hd_findings_text(const struct hd_findings *findings, size_t first,
		       enum hd_severity severity, size_t limit)
{
	char *text = NULL;
	size_t size, n = 0;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = first; i < findings->n; i++)
		if (findings->items[i].severity == severity)
			fprintf(file, "%s%s", n++ ? " " : "",
				findings->items[i].message);
	text = hd_stream_text(file, &text);
	if (text && strlen(text) > limit)
		text[limit] = '\0';
	if (!n) {
		free(text);
		text = NULL;
	}
	return text;
}

const char *hd_severity_name(enum hd_severity severity)
{
	static const char *const names[] = { "info", "warning", "error" };

	return names[severity];
}

void hd_findings_clear(struct hd_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->items[i].message);
		free(findings->items[i].fix);
		free(findings->items[i].rule);
	}
	free(findings->items);
	memset(findings, 0, sizeof(*findings));
}

char *hd_text(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return n < 0 ? NULL : text;
}
