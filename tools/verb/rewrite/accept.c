// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/rewrite/accept.h"

#include <errno.h>
#include <string.h>

#include "xml/doc/schema.h"
#include "xml/lint/lint.h"

static int warn(struct hd_rewritten *rewritten, const char *id, char *message,
		struct hd_err *err)
{
	return hd_findings_add(&rewritten->notes, id, HD_WARNING,
			       HD_WHOLE_DOMAIN, message, NULL, err);
}

static int not_validated(struct hd_rewritten *rewritten,
			 const struct hd_err *why, struct hd_err *err)
{
	return warn(
		rewritten, "not-validated",
		hd_text("The result is not validated: %s", hd_err_message(why)),
		err);
}

/*
 * A domain may have been no valid one before, as part of one or with what only
 * another version of libvirt knows: it is no worse then. Where it can't be told
 * that is said: libvirt validates what it is given by itself.
 */
static int check_schema(const struct hd_original *original,
			struct hd_rewritten *rewritten, struct hd_err *err)
{
	HD_AUTO_SCHEMA struct hd_schema *schema = NULL;
	HD_AUTO_ERR struct hd_err why = HD_ERR_INIT, unsure = HD_ERR_INIT;
	int before, r = hd_schema_read(HD_SCHEMA_DOMAIN, &schema, &why);

	if (r == 0)
		r = hd_schema_validate(schema, rewritten->text,
				       rewritten->length, &why);
	if (r != -EINVAL)
		return r < 0 ? not_validated(rewritten, &why, err) : 0;
	before = hd_schema_validate(schema, original->text, original->length,
				    &unsure);
	if (before < 0 && before != -EINVAL)
		return not_validated(rewritten, &unsure, err);
	if (before == 0)
		return hd_err_set(
			err, EINVAL,
			"the schema of the installed libvirt doesn't allow what this would make of the domain, so nothing is changed: %s",
			hd_err_message(&why));
	return warn(
		rewritten, "not-valid",
		hd_text("The schema of the installed libvirt doesn't allow the domain, before and after: %s",
			hd_err_message(&why)),
		err);
}

static size_t count_errors(const struct hd_findings *findings, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->items[i].severity == HD_ERROR &&
		     strcmp(findings->items[i].id, id) == 0;
	return n;
}

/* What libvirt or QEMU would refuse, and more of it than before. */
static int compare_findings(const struct hd_findings *before,
			    const struct hd_findings *after, struct hd_err *err)
{
	const char *last = "";

	for (size_t i = 0; i < after->n; i++) {
		const struct hd_finding *each = &after->items[i];

		/* Those of a rule come one after the other. */
		if (each->severity != HD_ERROR || strcmp(each->id, last) == 0)
			continue;
		last = each->id;
		if (count_errors(after, last) <= count_errors(before, last))
			continue;
		hd_err_set(err, EINVAL, "nothing is changed, as %s",
			   each->message);
		if (each->fix)
			hd_err_fix(err, "%s", each->fix);
		return -EINVAL;
	}
	return 0;
}

/* The rules of check, as far as they need no host: it may be for another one.
 */
static int check_rules(const struct hd_original *original,
		       const struct hd_rewritten *rewritten, struct hd_err *err)
{
	const struct hd_lint_facts facts = { .devices = NULL };
	HD_AUTO_FINDINGS struct hd_findings before = { NULL, 0 };
	HD_AUTO_FINDINGS struct hd_findings after = { NULL, 0 };
	int r = hd_lint(original->text, original->length, &facts, &before, err);

	if (r == 0)
		r = hd_lint(rewritten->text, rewritten->length, &facts, &after,
			    err);
	return r < 0 ? r : compare_findings(&before, &after, err);
}

int hd_rewrite_accept(const struct hd_original *original,
		      const struct hd_rewrite *what, bool schema,
		      struct hd_rewritten *rewritten, struct hd_err *err)
{
	HD_AUTO_DOMAIN struct hd_domain after = { .name = NULL };
	int r;

	if (!rewritten->text)
		return 0;
	r = hd_domain_parse(rewritten->text, rewritten->length, &after, err);
	if (r < 0)
		hd_err_wrap(err, "the rewritten domain can't be read");
	if (r == 0)
		r = hd_rewrite_verify(&original->domain, &after, what, err);
	if (r == 0)
		r = check_rules(original, rewritten, err);
	return r < 0 || !schema ? r : check_schema(original, rewritten, err);
}
