// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "tools/cli/json.h"
#include "tools/libvirt/source.h"
#include "tools/tool.h"
#include "xml/domain/domain.h"
#include "xml/rewrite/rewrite.h"

struct values {
	bool check, update, remove;
};

/* What the command line means. */
struct job {
	struct hd_tool *tool;
	const struct values *values;
	const char *source;
	char *text; /* the domain's; owned */
	size_t length;
	struct hd_domain domain;
	struct hd_addr *addrs; /* that were named; owned */
	size_t n_addrs;
	struct hd_pin *pins; /* to be written; owned */
	size_t n_pins;
	struct hd_err *err;
};

static void end(struct job *job)
{
	hd_domain_clear(&job->domain);
	free(job->text);
	free(job->addrs);
	free(job->pins);
}

static const struct hd_pin *find_pin(const struct job *job, struct hd_addr addr)
{
	for (size_t i = 0; i < job->domain.metadata.n_pins; i++)
		if (hd_addr_equal(job->domain.metadata.pins[i].addr, addr))
			return &job->domain.metadata.pins[i];
	return NULL;
}

static bool asks_for(const struct job *job, struct hd_addr addr)
{
	for (size_t i = 0; i < job->domain.n_assigns; i++)
		if (hd_addr_equal(job->domain.assigns[i].addr, addr))
			return true;
	return false;
}

static int add_pin(struct job *job, struct hd_addr addr)
{
	struct hd_pin *pin =
		hd_array_add(&job->pins, &job->n_pins, sizeof(*pin));
	int r;

	if (!pin)
		return hd_err_nomem(job->err);
	pin->addr = addr;
	r = hd_identity_read(&job->tool->host, addr, &pin->identity, job->err);
	if (r == -ENOENT)
		r = hd_err_set(job->err, ENOENT,
			       "this host has no PCI device at %s",
			       hd_addr_text(addr).s);
	return r;
}

/* What is pinned already stays as it is, unless that is to be renewed. */
static int add_wanted(struct job *job, struct hd_addr addr)
{
	if (!asks_for(job, addr)) {
		hd_err_set(job->err, EINVAL,
			   "the domain '%s' doesn't ask for %s",
			   job->domain.name, hd_addr_text(addr).s);
		hd_err_fix(job->err, "virt-hostdev xml %s",
			   hd_addr_text(addr).s);
		return -EINVAL;
	}
	if (find_pin(job, addr) && !job->values->update)
		return 0;
	return add_pin(job, addr);
}

static int write_pins(struct job *job, char **ret, size_t *ret_length)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < job->n_addrs; i++)
		r = add_wanted(job, job->addrs[i]);
	for (size_t i = 0; r == 0 && !job->n_addrs && i < job->domain.n_assigns;
	     i++)
		r = add_wanted(job, job->domain.assigns[i].addr);
	return r < 0 ? r :
		       hd_rewrite_pin(job->text, job->length, job->pins,
				      job->n_pins, ret, ret_length, job->err);
}

static const char *name_match(const struct hd_pin_match *pinned)
{
	if (!pinned->present)
		return "missing";
	return pinned->match == HD_MATCH_DIFFERENT ? "different" :
	       pinned->match == HD_MATCH_SAME	   ? "same" :
						     "same place";
}

static void print_match(const struct hd_pin_match *pinned)
{
	struct hd_addr place;

	printf("%s  %s", hd_addr_text(pinned->pin->addr).s, name_match(pinned));
	if (pinned->what)
		printf(": its %s differs", pinned->what);
	if (pinned->match == HD_MATCH_DIFFERENT &&
	    hd_pin_match_place(pinned, &place))
		printf("; the pinned device is at %s", hd_addr_text(place).s);
	putchar('\n');
}

static json_object *match_json(const struct hd_pin_match *pinned)
{
	json_object *object = json_object_new_object();
	struct hd_addr place;
	bool known = hd_pin_match_place(pinned, &place);

	json_object_object_add(object, "address",
			       hd_json_text(hd_addr_text(pinned->pin->addr).s));
	json_object_object_add(object, "match",
			       hd_json_text(name_match(pinned)));
	json_object_object_add(object, "differs", hd_json_text(pinned->what));
	json_object_object_add(object, "place",
			       known ? hd_json_text(hd_addr_text(place).s) :
				       NULL);
	return object;
}

/* Compares, and writes nothing. Returns the exit code. */
static int check(struct job *job)
{
	const struct hd_metadata *metadata = &job->domain.metadata;
	HD_AUTO_PIN_MATCHES struct hd_pin_matches pin_matches =
		HD_PIN_MATCHES_INIT;
	json_object *object, *pins;
	bool fine = true;

	if (hd_pins_compare(&job->tool->host, metadata->pins, metadata->n_pins,
			    &pin_matches, job->err) < 0)
		return HD_EXIT_FAILED;
	object = json_object_new_object();
	pins = json_object_new_array();
	for (size_t i = 0; i < pin_matches.n; i++) {
		fine &= pin_matches.items[i].match != HD_MATCH_DIFFERENT;
		json_object_array_add(pins, match_json(&pin_matches.items[i]));
		if (!job->tool->json)
			print_match(&pin_matches.items[i]);
	}
	if (pin_matches.n == 0 && !job->tool->json)
		puts("Nothing is pinned.");
	json_object_object_add(object, "ok", json_object_new_boolean(fine));
	json_object_object_add(object, "pins", pins);
	if (job->tool->json)
		hd_json_print(object);
	else
		json_object_put(object);
	return fine ? HD_EXIT_FINE : HD_EXIT_FAILED;
}

static int read_addresses(struct job *job, int argc, char **argv)
{
	job->addrs = calloc((size_t)argc + 1, sizeof(*job->addrs));
	if (!job->addrs)
		return hd_err_nomem(job->err);
	for (int i = 0; i < argc; i++)
		if (hd_addr_parse(argv[i], &job->addrs[job->n_addrs++],
				  job->err) < 0)
			return -EINVAL;
	return 0;
}

static int load(struct job *job)
{
	int r = hd_source_load_whole(job->tool, job->source, &job->text,
				     &job->length, job->err);

	if (r == 0)
		r = hd_source_parse(job->text, job->length, &job->domain,
				    job->err);
	return r;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO(end)
	struct job job = { .tool = tool,
			   .values = tool->values,
			   .source = argv[0],
			   .err = err };
	HD_AUTOFREE char *rewritten = NULL;
	size_t length;
	int r;

	if (read_addresses(&job, argc - 1, argv + 1) < 0 ||
	    (!job.values->check && hd_source_is_domain(job.source) &&
	     hd_source_may_define(tool, err) < 0))
		return HD_EXIT_USAGE;
	if (load(&job) < 0)
		return HD_EXIT_FAILED;
	if (job.values->check)
		return check(&job);
	if (job.values->remove)
		r = hd_rewrite_unpin(job.text, job.length, job.addrs,
				     job.n_addrs, &rewritten, &length, err);
	else
		r = write_pins(&job, &rewritten, &length);
	if (r == 0)
		r = hd_source_store(tool, argv[0],
				    rewritten ? rewritten : job.text,
				    rewritten ? length : job.length,
				    rewritten != NULL, err);
	return r < 0 ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

static const struct hd_option options[] = {
	{ 'k', "check", NULL, "compare, and write nothing",
	  offsetof(struct values, check), NULL },
	{ 'u', "update", NULL, "write down anew what is pinned",
	  offsetof(struct values, update), NULL },
	{ 'x', "remove", NULL, "forget the pins",
	  offsetof(struct values, remove), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_pin = {
	.name = "pin",
	.arguments = "DOMAIN|FILE|- [ADDRESS]...",
	.summary =
		"Write down what a guest's devices are, so that no other is taken",
	.help = "Puts into the domain's metadata what each device is (vendor, device, subsystem,\n"
		"class, revision) and what tells it from another one like it: serial numbers, MAC\n"
		"address, slot, path through the bridges. From then on a guest whose device is\n"
		"another one is refused, and told where its own is. Without an ADDRESS all of the\n"
		"guest's devices. What is pinned stays, unless --update renews it; --remove forgets,\n"
		"--check compares and writes nothing. A FILE is changed in place, and nothing of it\n"
		"but the pins; - is read, and written to standard output.",
	.common = HD_OPT_JSON | HD_OPT_ROOT | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct values),
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
