// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/finding.h"
#include "lib/base/glob.h"
#include "lib/base/stream.h"
#include "lib/base/uuid.h"

char *hd_list_next(char **rest)
{
	char *word;

	do
		word = strsep(rest, ", \t");
	while (word && !*word);
	return word;
}

static bool add_name(const char *name, unsigned *may)
{
	enum hd_critical critical;

	if (strcmp(name, "siblings") == 0)
		*may |= HD_MAY_BIT(HD_MAY_SIBLINGS);
	else if (hd_critical_parse(name, &critical))
		*may |= HD_MAY_BIT(critical);
	else
		return false;
	return true;
}

bool hd_may_parse(char *text, unsigned *ret)
{
	char *rest = text, *name;
	bool none = strcmp(text, "none") == 0;

	*ret = strcmp(text, "all") == 0 ? HD_MAY_ALL : 0;
	if (none || *ret)
		return true;
	while ((name = hd_list_next(&rest)))
		if (!add_name(name, ret))
			return false;
	return *ret;
}

char *hd_may_words(void)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);
	const char *name;

	if (!file)
		return NULL;
	fputs("all, none, or some of siblings", file);
	for (int i = 0; (name = hd_critical_name((enum hd_critical)i)); i++)
		fprintf(file, ", %s", name);
	return hd_stream_text(file, &text);
}

static bool names_guest(const struct hd_patterns *patterns,
			const struct hd_request *request)
{
	for (size_t i = 0; i < patterns->n; i++) {
		const char *pattern = patterns->items[i];

		if (hd_uuid_is_canonical(pattern) ?
			    strcmp(pattern, request->uuid) == 0 :
			    hd_glob(pattern, request->domain))
			return true;
	}
	return false;
}

static bool is_about(const struct hd_policy_section *section,
		     const struct hd_request *request,
		     const struct hd_device *device)
{
	if (section->of_guests)
		return request->domain &&
		       names_guest(&section->guests, request);
	for (size_t i = 0; i < section->n_devices; i++)
		if (hd_device_pattern_matches(&section->devices[i], device))
			return true;
	return false;
}

/* What a section says to it; false when it says nothing. */
static bool ask_section(const struct hd_policy_section *section,
			const struct hd_request *request, unsigned what,
			struct hd_decision *ret)
{
	if (what != HD_MAY_BE_GIVEN)
		*ret = (struct hd_decision){ section->may & HD_MAY_BIT(what),
					     section->may_said, "domains-may",
					     section };
	else
		*ret = (struct hd_decision){
			request->domain ?
				names_guest(&section->owners, request) :
				section->owners.n > 0,
			section->owners_said, "guests", section
		};
	return ret->said.file;
}

struct hd_decision hd_policy_decide(const struct hd_request *request,
				    const struct hd_device *device,
				    unsigned what)
{
	const struct hd_policy *policy = request->policy;
	struct hd_decision decision = { .permitted = true };

	if (what != HD_MAY_BE_GIVEN && request->domain)
		decision = (struct hd_decision){ policy->may & HD_MAY_BIT(what),
						 policy->may_said,
						 "domains-may", NULL };
	if (what != HD_MAY_BE_GIVEN && !request->domain)
		return decision;
	for (size_t i = 0; i < policy->n_sections; i++) {
		const struct hd_policy_section *section = &policy->sections[i];
		struct hd_decision said;

		if (!is_about(section, request, device) ||
		    !ask_section(section, request, what, &said))
			continue;
		decision = said;
		if (!said.permitted)
			break;
	}
	return decision;
}

char *hd_decision_text(const struct hd_decision *decision)
{
	const struct hd_policy_section *section = decision->section;

	if (!decision->said.file)
		return hd_text("the default of the host's configuration");
	return hd_text("%s, line %u (%s in [%s%s%s])", decision->said.file,
		       decision->said.line, decision->setting,
		       !section		  ? "host" :
		       section->of_guests ? "guest" :
					    "device",
		       section ? " " : "", section ? section->name : "");
}

char *hd_decision_place(const struct hd_decision *decision)
{
	return decision->said.file ? hd_text("%s:%u", decision->said.file,
					     decision->said.line) :
				     NULL;
}

void hd_policy_clear(struct hd_policy *policy)
{
	for (size_t i = 0; i < policy->n_sections; i++) {
		struct hd_policy_section *section = &policy->sections[i];

		free(section->name);
		free(section->devices);
		hd_patterns_clear(&section->guests);
		hd_patterns_clear(&section->owners);
	}
	for (size_t i = 0; i < policy->n_files; i++)
		free(policy->files[i]);
	free(policy->sections);
	free(policy->files);
	hd_patterns_clear(&policy->stops);
	*policy = (struct hd_policy)HD_POLICY_INIT;
}
