// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "tools/cli/json.h"
#include "tools/libvirt/checked_domain.h"
#include "tools/libvirt/source.h"
#include "tools/libvirt/source_diff.h"
#include "tools/tool.h"
#include "tools/verb/allow/wanted.h"
#include "xml/rewrite/rewrite.h"

struct values {
	bool criticals[HD_CRITICAL_REGION + 1], any;
	bool siblings, hand_over, remove, diff;
	struct hd_patterns stops; /* owned */
};

/* What the command line means. */
struct job {
	struct hd_tool *tool;
	const struct values *values;
	const char *source;
	char *text; /* the domain's; owned */
	size_t length;
	struct hd_domain domain;
	struct hd_addr *addrs; /* owned */
	struct hd_wish wish;
	struct hd_wanted wanted;
	struct hd_allow *allows; /* to be written or removed; owned */
	size_t n_allows;
	bool siblings; /* the same */
	bool hand_over; /* the same */
	struct hd_patterns stops; /* the same; owned */
	struct hd_rewritten rewritten;
	struct hd_err *err;
};

static void end(struct job *job)
{
	free(job->text);
	free(job->addrs);
	free(job->allows);
	hd_patterns_clear(&job->stops);
	hd_domain_clear(&job->domain);
	hd_wanted_clear(&job->wanted);
	hd_rewritten_clear(&job->rewritten);
}

static int read_addresses(struct job *job, int argc, char **argv)
{
	job->addrs = calloc((size_t)argc + 1, sizeof(*job->addrs));
	if (!job->addrs)
		return hd_err_nomem(job->err);
	for (int i = 0; i < argc; i++)
		if (hd_addr_parse(argv[i], &job->addrs[i], job->err) < 0)
			return -EINVAL;
	job->wish.addrs = job->addrs;
	job->wish.n_addrs = (size_t)argc;
	memcpy(job->wish.criticals, job->values->criticals,
	       sizeof(job->wish.criticals));
	job->wish.siblings = job->values->siblings;
	job->wish.hand_over = job->values->hand_over;
	return 0;
}

/* Values for nothing, and those that exclude each other. */
static int check_values(const struct job *job)
{
	const struct values *values = job->values;
	bool all = values->siblings || values->hand_over || values->stops.n;
	const char *wrong = NULL;

	if (values->stops.n && !values->hand_over && !values->remove)
		wrong = "--may-stop needs --hand-over-display or --remove";
	else if (!values->any && !all && !values->remove)
		wrong = "allow needs --critical REASON, --siblings, --hand-over-display or --remove";
	else if (!values->any && all && job->wish.n_addrs)
		wrong = "--siblings and --hand-over-display are for the whole guest: an ADDRESS needs --critical REASON";
	else if (values->diff && job->tool->json)
		wrong = "--diff and --json exclude each other";
	else if (job->tool->json && strcmp(job->source, "-") == 0)
		wrong = "--json takes a DOMAIN or a FILE: of - the domain is printed";
	else if (job->tool->root && !values->diff &&
		 hd_source_is_domain(job->source))
		wrong = "what --root shows is decided for another host, and the domain is this one's: give a FILE, or --diff";
	return wrong ? hd_err_set(job->err, EINVAL, "%s", wrong) : 0;
}

/* Secrets are only for libvirt, which would forget them otherwise. */
static int load(struct job *job)
{
	int r = (job->values->diff ? hd_source_load : hd_source_load_whole)(
		job->tool, job->source, &job->text, &job->length, job->err);

	if (r == 0)
		r = hd_source_parse(job->text, job->length, &job->domain,
				    job->err);
	return r;
}

/* What is critical is known of the guest's own host only. */
static int check_place(const struct job *job)
{
	HD_AUTO_HYPERVISOR struct hd_hypervisor hypervisor = { .connection =
								       NULL };
	int r = hd_hypervisor_open(&hypervisor, job->tool, job->source,
				   job->err);

	if (r < 0 || hypervisor.here)
		return r;
	hd_err_set(
		job->err, ENOTSUP,
		"what the host can't do without is only known on the host itself, not from what libvirt at %s tells",
		hypervisor.remote.uri);
	hd_err_fix(job->err, "On that host: virt-hostdev allow");
	return -ENOTSUP;
}

static int find_wanted(struct job *job)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_ASK struct hd_ask ask = HD_ASK_INIT(
		&job->tool->host, job->tool->names, &findings, job->err);
	struct hd_request request;
	bool there = job->domain.metadata.siblings == HD_SIBLINGS_BIND;
	int r = hd_config_read(&job->tool->host, &ask.config, job->err);

	request = hd_domain_request(&job->domain, &ask.config.policy);
	if (job->wish.siblings)
		request.siblings = HD_SIBLINGS_BIND;
	if (r == 0)
		r = hd_examine(&ask, &request, &situation);
	/* It may well be refused: that is why somebody asks. */
	return r < 0 ? r :
		       hd_wanted_find(&request, &situation, &job->wish, there,
				      &job->wanted, job->err);
}

/* What the command line names, and the domain doesn't say yet. */
static int add_stops(struct job *job)
{
	const struct hd_patterns *named = &job->values->stops;

	for (size_t i = 0; i < named->n; i++) {
		const char *unit = named->items[i];

		if (hd_patterns_have(&job->domain.metadata.stops, unit) ||
		    hd_patterns_have(&job->stops, unit))
			continue;
		if (hd_patterns_add(&job->stops, unit) < 0)
			return hd_err_nomem(job->err);
	}
	return 0;
}

static int allow(struct job *job)
{
	struct hd_wanted *wanted = &job->wanted;
	int r = check_place(job);

	if (r == 0)
		r = find_wanted(job);
	if (r < 0)
		return r;
	job->allows = calloc(wanted->n_allows + 1, sizeof(*job->allows));
	if (!job->allows)
		return hd_err_nomem(job->err);
	for (size_t i = 0; i < wanted->n_allows; i++)
		job->allows[job->n_allows++] = wanted->allows[i].allow;
	job->siblings = wanted->siblings;
	job->hand_over = job->wish.hand_over &&
			 job->domain.metadata.hand_over != HD_HAND_OVER_YES;
	r = add_stops(job);
	if (r < 0)
		return r;
	return hd_rewrite_allow(
		job->text, job->length,
		&(struct hd_allowing){ job->allows, job->n_allows,
				       job->siblings, job->hand_over,
				       job->stops },
		&job->rewritten, job->err);
}

/* Nothing but the devices, or not even those. */
static bool names_nothing(const struct values *values)
{
	return !values->any && !values->siblings && !values->hand_over &&
	       values->stops.n == 0;
}

static bool is_to_go(const struct job *job, const struct hd_allow *allow)
{
	const struct hd_wish *wish = &job->wish;
	bool named = wish->n_addrs == 0;

	for (size_t i = 0; i < wish->n_addrs; i++)
		named |= hd_addr_equal(wish->addrs[i], allow->addr);
	if (job->values->any)
		return named && wish->criticals[allow->critical];
	return named && names_nothing(job->values);
}

/* With the hand-over all of them go. */
static int remove_stops(struct job *job)
{
	const struct hd_patterns *there = &job->domain.metadata.stops;

	for (size_t i = 0; i < there->n; i++) {
		const char *unit = there->items[i];

		if (!job->hand_over &&
		    !hd_patterns_have(&job->values->stops, unit))
			continue;
		if (hd_patterns_add(&job->stops, unit) < 0)
			return hd_err_nomem(job->err);
	}
	return 0;
}

/* Without a word of what, and of which device, all of it. */
static int disallow(struct job *job)
{
	const struct hd_metadata *metadata = &job->domain.metadata;
	bool all = names_nothing(job->values) && job->wish.n_addrs == 0;
	int r;

	job->allows = calloc(metadata->n_allows + 1, sizeof(*job->allows));
	if (!job->allows)
		return hd_err_nomem(job->err);
	for (size_t i = 0; i < metadata->n_allows; i++)
		if (is_to_go(job, &metadata->allows[i]))
			job->allows[job->n_allows++] = metadata->allows[i];
	job->siblings = metadata->siblings && (job->wish.siblings || all);
	job->hand_over = metadata->hand_over && (job->wish.hand_over || all);
	r = remove_stops(job);
	if (r < 0)
		return r;
	return hd_rewrite_disallow(
		job->text, job->length,
		&(struct hd_allowing){ job->allows, job->n_allows,
				       job->siblings, job->hand_over,
				       job->stops },
		&job->rewritten, job->err);
}

static bool says_of_screen(const struct job *job,
			   const struct hd_metadata *after)
{
	const struct hd_metadata *before = &job->domain.metadata;
	bool remove = job->values->remove;
	size_t n = before->stops.n;

	if (job->hand_over &&
	    after->hand_over !=
		    (remove ? HD_HAND_OVER_UNSAID : HD_HAND_OVER_YES))
		return false;
	return after->stops.n == (remove ? n - job->stops.n : n + job->stops.n);
}

/* The result says what it should, or it isn't used. */
static int verify(const struct job *job)
{
	HD_AUTO_DOMAIN struct hd_domain after = { .name = NULL };
	const struct hd_metadata *metadata = &after.metadata;
	size_t before = job->domain.metadata.n_allows;
	bool fine;
	int r;

	if (!job->rewritten.text)
		return 0;
	r = hd_domain_parse(job->rewritten.text, job->rewritten.length, &after,
			    job->err);
	if (r < 0)
		return r;
	fine = metadata->n_allows == (job->values->remove ?
					      before - job->n_allows :
					      before + job->n_allows);
	if (job->siblings)
		fine &= metadata->siblings == (job->values->remove ?
						       HD_SIBLINGS_UNSAID :
						       HD_SIBLINGS_BIND);
	fine &= says_of_screen(job, metadata);
	return fine ? 0 :
		      hd_err_set(
			      job->err, EBADMSG,
			      "the new domain wouldn't say what it should, so nothing is changed");
}

static int write_out(const struct job *job)
{
	const struct hd_rewritten *rewritten = &job->rewritten;
	bool changed = rewritten->text != NULL;

	if (job->values->diff)
		return hd_source_print_diff(job->source, job->domain.name,
					    job->text, job->length,
					    &rewritten->edits, job->err);
	return hd_source_store(
		job->tool, job->source, changed ? rewritten->text : job->text,
		changed ? rewritten->length : job->length, changed, job->err);
}

static json_object *allow_json(const struct job *job, size_t i)
{
	const struct hd_wanted_allow *wanted =
		job->values->remove ? NULL : &job->wanted.allows[i];
	const struct hd_allow *each = &job->allows[i];
	json_object *object = json_object_new_object();

	json_object_object_add(object, "address",
			       hd_json_text(hd_addr_text(each->addr).s));
	json_object_object_add(object, "critical",
			       hd_json_text(hd_critical_name(each->critical)));
	json_object_object_add(object, "chain",
			       hd_json_text(wanted ? wanted->chain : NULL));
	json_object_object_add(object, "rule",
			       hd_json_text(wanted ? wanted->rule : NULL));
	return object;
}

static void print_json(const struct job *job)
{
	json_object *object = json_object_new_object();
	json_object *allows = json_object_new_array();
	json_object *stops = json_object_new_array();

	for (size_t i = 0; i < job->stops.n; i++)
		json_object_array_add(stops, hd_json_text(job->stops.items[i]));
	for (size_t i = 0; i < job->n_allows; i++)
		json_object_array_add(allows, allow_json(job, i));
	json_object_object_add(object, "domain",
			       hd_json_text(job->domain.name));
	json_object_object_add(
		object, "changed",
		json_object_new_boolean(job->rewritten.text != NULL));
	json_object_object_add(object, "removed",
			       json_object_new_boolean(job->values->remove));
	json_object_object_add(object, "allows", allows);
	json_object_object_add(object, "siblings",
			       json_object_new_boolean(job->siblings));
	json_object_object_add(object, "siblings_rule",
			       hd_json_text(job->wanted.siblings_rule));
	json_object_object_add(object, "hand_over",
			       json_object_new_boolean(job->hand_over));
	json_object_object_add(object, "hand_over_rule",
			       hd_json_text(job->wanted.hand_over_rule));
	json_object_object_add(object, "may_stop", stops);
	hd_json_print(object);
}

static void print_allow(const struct job *job, size_t i)
{
	const struct hd_allow *each = &job->allows[i];
	const char *chain =
		job->values->remove ? NULL : job->wanted.allows[i].chain;

	printf("%s may%s be lost to the host: %s", hd_addr_text(each->addr).s,
	       job->values->remove ? " not" : "",
	       hd_critical_name(each->critical));
	if (chain) {
		fputs(" (", stdout);
		hd_print(stdout, chain);
		putchar(')');
	}
	puts(".");
}

static void print_screen(const struct job *job)
{
	bool remove = job->values->remove;

	if (job->hand_over)
		puts(remove ?
			     "Whether the host's screen goes to the guest is the host's decision." :
			     "The host's screen goes to the guest with its graphics card, and comes back after it.");
	for (size_t i = 0; i < job->stops.n; i++)
		printf("%s may%s be stopped for that.\n", job->stops.items[i],
		       remove ? " no longer" : "");
}

static void print_text(const struct job *job)
{
	for (size_t i = 0; i < job->n_allows; i++)
		print_allow(job, i);
	if (job->siblings)
		puts(job->values->remove ?
			     "Whether members of the IOMMU groups are taken along is the host's decision." :
			     "Members of the IOMMU groups that the host uses are taken along.");
	print_screen(job);
	if (!job->rewritten.text)
		puts("There is nothing to change.");
}

/* Where the domain itself goes to stdout, it goes alone. */
static void report(const struct job *job)
{
	if (job->tool->json)
		print_json(job);
	else if (!job->values->diff && strcmp(job->source, "-") != 0)
		print_text(job);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO(end)
	struct job job = { .tool = tool,
			   .values = tool->values,
			   .source = argv[0],
			   .err = err };
	int r;

	if (read_addresses(&job, argc - 1, argv + 1) < 0 ||
	    check_values(&job) < 0)
		return HD_EXIT_USAGE;
	r = load(&job);
	if (r == 0)
		r = job.values->remove ? disallow(&job) : allow(&job);
	if (r == 0)
		r = verify(&job);
	if (r == 0)
		r = write_out(&job);
	if (r < 0)
		return HD_EXIT_FAILED;
	report(&job);
	return HD_EXIT_FINE;
}

static int take_critical(void *data, const char *argument, struct hd_err *err)
{
	struct values *values = data;
	enum hd_critical critical;

	if (!hd_critical_parse(argument, &critical))
		return hd_err_set(
			err, EINVAL,
			"--critical takes a reason that a refusal names, not '%s'",
			argument);
	values->criticals[critical] = values->any = true;
	return 0;
}

static int take_stop(void *data, const char *argument, struct hd_err *err)
{
	return hd_option_may_stop(&((struct values *)data)->stops, argument,
				  err);
}

static void clear_values(void *data)
{
	hd_patterns_clear(&((struct values *)data)->stops);
}

static const struct hd_option options[] = {
	{ 0, "critical", "REASON", "let the host lose this; several, too", 0,
	  take_critical },
	{ 's', "siblings", NULL,
	  "take members of the IOMMU groups along to vfio-pci",
	  offsetof(struct values, siblings), NULL },
	{ 0, "hand-over-display", NULL,
	  "take the host's screen down for the guest, and bring it back",
	  offsetof(struct values, hand_over), NULL },
	{ 0, "may-stop", "UNIT",
	  "stop this for it, too, if it uses the card; several, too", 0,
	  take_stop },
	{ 'x', "remove", NULL, "allow it no longer",
	  offsetof(struct values, remove), NULL },
	{ 'd', "diff", NULL, "show what would change, and write nothing",
	  offsetof(struct values, diff), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_allow = {
	.name = "allow",
	.arguments = "DOMAIN|FILE|- [ADDRESS]...",
	.summary = "Let a guest have what the host can't do without",
	.help = "Writes into the domain's metadata what a refusal of check or of the hook asks for:\n"
		"that the host may lose what it needs a device for (--critical), or that members of\n"
		"its IOMMU group go along (--siblings). Without an ADDRESS it is of all devices that\n"
		"the guest would take. With --hand-over-display what shows on the guest's graphics\n"
		"card ends when it starts, the display manager first, and comes back after it; then\n"
		"--critical display isn't needed. Only what the host needs now, and what the\n"
		"administrator lets domains allow (/etc/virt-hostdev.conf), is written; a device that\n"
		"/ lives on never is. --remove takes away what it names, without a name all. A FILE\n"
		"is changed in place; - is read, and written to standard output.",
	.common = HD_OPT_JSON | HD_OPT_ROOT | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct values),
	.clear = clear_values,
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
