// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/host/device.h"
#include "tools/libvirt/source.h"
#include "tools/libvirt/source_diff.h"
#include "tools/verb/rewrite/accept.h"
#include "tools/verb/rewrite/options.h"

/* A domain, from its source to where it goes. */
struct job {
	struct hd_tool *tool;
	const struct hd_rewrite_values *values;
	const char *source;
	struct hd_original original;
	struct hd_pin_matches pin_matches;
	struct hd_block *blocks; /* owned */
	struct hd_rewrite what;
	struct hd_rewritten rewritten;
	struct hd_err *err;
};

static void end(struct job *job)
{
	for (size_t i = 0; job->blocks && i < job->what.n_adds; i++)
		free(job->blocks[i].xml);
	free(job->blocks);
	free(job->original.text);
	hd_domain_clear(&job->original.domain);
	hd_pin_matches_clear(&job->pin_matches);
	hd_rewritten_clear(&job->rewritten);
}

/* Secrets are only for libvirt, which would forget them otherwise. */
static int load(struct job *job)
{
	struct hd_original *original = &job->original;
	int r = (job->values->define ? hd_source_load_whole : hd_source_load)(
		job->tool, job->source, &original->text, &original->length,
		job->err);

	if (r == 0)
		r = hd_source_parse(original->text, original->length,
				    &original->domain, job->err);
	return r;
}

static int find_pinned(struct job *job)
{
	const struct hd_metadata *metadata = &job->original.domain.metadata;
	int r;

	if (!job->values->follow_pins)
		return 0;
	r = hd_pins_compare(&job->tool->host, metadata->pins, metadata->n_pins,
			    &job->pin_matches, job->err);
	job->what.pin_matches = &job->pin_matches;
	return r;
}

/* It may be for another host; but addresses are easily mistyped. */
static int note_missing(struct job *job, struct hd_addr addr)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_device device;
	int r = hd_device_read(&job->tool->host, addr, HD_BRIEF, &device, &err);
	bool bridge = r == 0 && device.bridge;

	if (r == 0)
		hd_device_clear(&device);
	if (r == 0 && !bridge)
		return 0;
	if (r < 0 && r != -ENOENT)
		return hd_findings_add(&job->rewritten.notes, "not-assignable",
				       HD_WARNING, HD_WHOLE_DOMAIN,
				       hd_text("%s is not known: %s",
					       hd_addr_text(addr).s,
					       hd_err_message(&err)),
				       NULL, job->err);
	return hd_findings_add(
		&job->rewritten.notes, "not-assignable", HD_WARNING,
		HD_WHOLE_DOMAIN,
		bridge ?
			hd_text("%s is a bridge on this host, and only endpoints can be given to a guest",
				hd_addr_text(addr).s) :
			hd_text("This host has no PCI device at %s",
				hd_addr_text(addr).s),
		NULL, job->err);
}

static int note_all_missing(struct job *job)
{
	const struct hd_rewrite_values *values = job->values;
	int r = 0;

	for (size_t i = 0; r == 0 && i < values->n_adds; i++)
		r = note_missing(job, values->adds[i]);
	for (size_t i = 0; r == 0 && i < values->n_replacements; i++)
		r = note_missing(job, values->replacements[i].to);
	return r;
}

static int rewrite(struct job *job)
{
	const struct hd_original *original = &job->original;
	int r = find_pinned(job);

	if (r == 0)
		r = hd_rewrite_domain(original->text, original->length,
				      &job->what, &job->rewritten, job->err);
	/* libvirt validates what it is to define. */
	if (r == 0)
		r = hd_rewrite_accept(original, &job->what,
				      !job->values->define, &job->rewritten,
				      job->err);
	return r < 0 ? r : note_all_missing(job);
}

static int write_out(const struct job *job)
{
	const struct hd_rewritten *rewritten = &job->rewritten;
	bool changed = rewritten->text != NULL;
	const char *text = changed ? rewritten->text : job->original.text;
	size_t length = changed ? rewritten->length : job->original.length;

	if (job->values->diff)
		return hd_source_print_diff(
			job->source, job->original.domain.name,
			job->original.text, job->original.length,
			&rewritten->edits, job->err);
	/* What comes from a file may be other than what libvirt has. */
	if (job->values->define && !changed && hd_source_is_domain(job->source))
		return 0;
	if (job->values->define)
		return hd_source_define(job->tool, job->original.domain.name,
					text, job->err);
	if (job->values->in_place)
		return hd_source_store(job->tool, job->source, text, length,
				       changed, job->err);
	return hd_source_store(job->tool, "-", text, length, changed, job->err);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO(end)
	struct job job = { .tool = tool,
			   .values = tool->values,
			   .source = argv[0],
			   .err = err };

	(void)argc;
	if (hd_rewrite_values_check(job.values, job.source, err) < 0 ||
	    (job.values->define && hd_source_may_define(tool, err) < 0))
		return HD_EXIT_USAGE;
	if (hd_rewrite_values_read(job.values, &job.what, &job.blocks, err) < 0)
		return HD_EXIT_FAILED;
	if (hd_rewrite_check(&job.what, err) < 0)
		return HD_EXIT_USAGE;
	if (load(&job) < 0 || rewrite(&job) < 0 || write_out(&job) < 0)
		return HD_EXIT_FAILED;
	hd_print_findings(stderr, &job.rewritten.notes, "");
	return HD_EXIT_FINE;
}

const struct hd_verb hd_verb_rewrite = {
	.name = "rewrite",
	.arguments = "DOMAIN|FILE|-",
	.summary = "Change a domain, and nothing in it but what is asked for",
	.help = "Prints the new domain; --in-place changes the FILE, --define hands it to libvirt,\n"
		"--diff only shows what would change. Everything else stays byte for byte, and\n"
		"doing it again changes nothing. All that is asked for is done at once, so that\n"
		"two --replace can swap two devices.\n\n"
		"KEY is managed, boot.order or what else virt-hostdev(1) lists. Pins, and what the\n"
		"domain allows of a device, go when it does.\n\n"
		"As an editor:\n"
		"  EDITOR=\"virt-hostdev rewrite --in-place --add 01:00.0\" virsh edit GUEST",
	.common = HD_OPT_ROOT | HD_OPT_CONNECT,
	.options = hd_rewrite_options,
	.values_size = sizeof(struct hd_rewrite_values),
	.clear = hd_rewrite_values_clear,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
