// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/rewrite/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "tools/libvirt/source.h"
#include "xml/rewrite/hostdev.h"

/* One more element of an array that the command line fills. */
static void *add(void *array, size_t *n, size_t size, struct hd_err *err)
{
	void *element = *n < HD_REWRITE_VALUES_MAX ?
				hd_array_add(array, n, size) :
				NULL;

	if (!element)
		hd_err_set(err, E2BIG,
			   "an option can't be given more than %d times",
			   HD_REWRITE_VALUES_MAX);
	return element;
}

static int take_add(void *data, const char *argument, struct hd_err *err)
{
	struct hd_rewrite_values *values = data;
	struct hd_addr *addr =
		add(&values->adds, &values->n_adds, sizeof(*addr), err);

	return addr ? hd_addr_parse(argument, addr, err) : -E2BIG;
}

static int take_remove(void *data, const char *argument, struct hd_err *err)
{
	struct hd_rewrite_values *values = data;
	struct hd_addr *addr =
		add(&values->removes, &values->n_removes, sizeof(*addr), err);

	return addr ? hd_addr_parse(argument, addr, err) : -E2BIG;
}

static int take_replace(void *data, const char *argument, struct hd_err *err)
{
	struct hd_rewrite_values *values = data;
	const char *equals = strchr(argument, '=');
	HD_AUTOFREE char *from =
		equals ? strndup(argument, (size_t)(equals - argument)) : NULL;
	struct hd_replacement *replacement;
	int r;

	if (!from)
		return hd_err_set(
			err, EINVAL,
			"--replace takes OLD=NEW, two addresses, not '%.64s'",
			argument);
	replacement = add(&values->replacements, &values->n_replacements,
			  sizeof(*replacement), err);
	if (!replacement)
		return -E2BIG;
	r = hd_addr_parse(from, &replacement->from, err);
	return r < 0 ? r : hd_addr_parse(equals + 1, &replacement->to, err);
}

static int take_set(void *data, const char *argument, struct hd_err *err)
{
	struct hd_rewrite_values *values = data;
	struct hd_setting *setting = add(&values->settings, &values->n_settings,
					 sizeof(*setting), err);

	return setting ? hd_setting_parse(argument, setting, err) : -E2BIG;
}

static int take_managed(void *data, const char *argument, struct hd_err *err)
{
	struct hd_rewrite_values *values = data;
	bool managed = true;
	int r = hd_option_yes_no("managed", argument, &managed, err);

	values->managed_said = true;
	values->unmanaged = !managed;
	return r;
}

#define WISH(member) offsetof(struct hd_rewrite_values, member)

const struct hd_option hd_rewrite_options[] = {
	{ 'a', "add", "ADDRESS", "ask for this device, if the domain doesn't",
	  0, take_add },
	{ 'm', "managed", "yes|no",
	  "who binds what is added: libvirt (yes, the default) or the hook (no)",
	  0, take_managed },
	{ 'x', "remove", "ADDRESS", "don't ask for this device any more", 0,
	  take_remove },
	{ 0, "replace", "OLD=NEW", "ask for another device in the same place",
	  0, take_replace },
	{ 's', "set", "[ADDRESS:]KEY=VALUE",
	  "set something of this device, or of every <hostdev>; no VALUE: unset",
	  0, take_set },
	{ 'f', "follow-pins", NULL, "go to where the pinned devices are",
	  WISH(follow_pins), NULL },
	{ 't', "tidy", NULL,
	  "addresses and defaults as libvirt writes them, no <hostdev> twice",
	  WISH(tidy), NULL },
	{ 'i', "in-place", NULL, "change the FILE", WISH(in_place), NULL },
	{ 0, "define", NULL, "define the domain anew, through libvirt",
	  WISH(define), NULL },
	{ 0, "diff", NULL, "show what would change, as patch takes it",
	  WISH(diff), NULL },
	{ .name = NULL },
};

void hd_rewrite_values_clear(void *data)
{
	struct hd_rewrite_values *values = data;

	free(values->adds);
	free(values->removes);
	free(values->replacements);
	free(values->settings);
}

static int check_output(const struct hd_rewrite_values *values,
			const char *source, struct hd_err *err)
{
	if (values->in_place + values->define + values->diff > 1)
		return hd_err_set(
			err, EINVAL,
			"only one of --in-place, --define and --diff can be done at a time");
	if (!values->in_place ||
	    (strcmp(source, "-") != 0 && !hd_source_is_domain(source)))
		return 0;
	hd_err_set(err, EINVAL, "--in-place is for a file, and '%s' is none",
		   source);
	if (strcmp(source, "-") != 0)
		hd_err_fix(
			err,
			"For a domain of libvirt there is --define; a file in this folder is written ./%s",
			source);
	return -EINVAL;
}

int hd_rewrite_values_check(const struct hd_rewrite_values *values,
			    const char *source, struct hd_err *err)
{
	int r = check_output(values, source, err);

	if (r < 0)
		return r;
	if (values->managed_said && !values->n_adds) {
		hd_err_set(err, EINVAL, "--managed is for what --add adds");
		hd_err_fix(err, "To change what is there: --set managed=%s",
			   values->unmanaged ? "no" : "yes");
		return -EINVAL;
	}
	if (!values->n_adds && !values->n_removes && !values->n_replacements &&
	    !values->n_settings && !values->follow_pins && !values->tidy)
		return hd_err_set(
			err, EINVAL,
			"rewrite needs something to do: --add, --remove, --replace, --set, --follow-pins or --tidy");
	return 0;
}

int hd_rewrite_values_read(const struct hd_rewrite_values *values,
			   struct hd_rewrite *ret, struct hd_block **ret_blocks,
			   struct hd_err *err)
{
	struct hd_block *blocks = calloc(values->n_adds + 1, sizeof(*blocks));

	if (!blocks)
		return hd_err_nomem(err);
	*ret_blocks = blocks;
	*ret = (struct hd_rewrite){
		.adds = blocks,
		.n_adds = values->n_adds,
		.removes = values->removes,
		.n_removes = values->n_removes,
		.replacements = values->replacements,
		.n_replacements = values->n_replacements,
		.settings = values->settings,
		.n_settings = values->n_settings,
		.tidy = values->tidy,
	};
	for (size_t i = 0; i < values->n_adds; i++) {
		const struct hd_hostdev hostdev = {
			.addr = values->adds[i], .managed = !values->unmanaged
		};

		blocks[i].addr = hostdev.addr;
		blocks[i].xml = hd_hostdev_format(&hostdev);
		if (!blocks[i].xml)
			return hd_err_nomem(err);
	}
	return 0;
}
