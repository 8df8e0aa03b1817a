// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices to a running guest or from it, where there is no libvirt:
 *
 *	hotplug attach|detach NAME UUID refuse|bind HAS ADDRESS...
 *
 * HAS is what the guest is left with in libvirt's eyes: addresses with commas
 * between them, or "-". Whatever was found goes to stderr; exit code 1 when it
 * came to nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/handover/hotplug.h"
#include "lib/handover/hotplug_end.h"

struct list {
	struct hd_addr *items;
	size_t n;
};

static int add(struct list *list, const char *text)
{
	struct hd_addr *slot =
		hd_array_add(&list->items, &list->n, sizeof(*slot));

	return slot ? hd_addr_parse(text, slot, NULL) : -1;
}

static int attach(struct hd_job *job, char **argv, const struct list *addrs,
		  char *ret)
{
	HD_AUTOFREE struct hd_assign *assigns =
		calloc(addrs->n, sizeof(*assigns));
	struct hd_request request = {
		.domain = argv[2],
		.uuid = argv[3],
		.assigns = assigns,
		.n_assigns = addrs->n,
		.policy = &job->ask.config.policy,
	};

	if (!assigns || !hd_siblings_parse(argv[4], &request.siblings))
		return -1;
	if (hd_config_read(job->ask.host, &job->ask.config, job->ask.err) < 0)
		return -1;
	for (size_t i = 0; i < addrs->n; i++)
		assigns[i].addr = addrs->items[i];
	return hd_attach_begin(job, &request, ret);
}

static bool is_in(const struct list *list, struct hd_addr addr)
{
	for (size_t i = 0; i < list->n; i++)
		if (hd_addr_equal(list->items[i], addr))
			return true;
	return false;
}

/* What the guest has before, in the tool's eyes, and isn't to give up. */
static int detach(struct hd_job *job, char **argv, const struct list *addrs,
		  const struct list *has, char *ret)
{
	HD_AUTOFREE struct hd_addr *staying =
		calloc(has->n + 1, sizeof(*staying));
	size_t n = 0;

	if (!staying)
		return -1;
	for (size_t i = 0; i < has->n; i++)
		if (!is_in(addrs, has->items[i]))
			staying[n++] = has->items[i];
	return hd_detach_begin(job, argv[3],
			       (struct hd_addrs){ addrs->items, addrs->n },
			       (struct hd_addrs){ staying, n }, ret);
}

static int begin(const struct hd_host *host, char **argv,
		 const struct list *addrs, const struct list *has,
		 struct hd_findings *findings, struct hd_err *err, char *ret)
{
	HD_AUTO_JOB struct hd_job job = HD_JOB_INIT(host, NULL, findings, err);

	if (strcmp(argv[1], "attach") == 0)
		return attach(&job, argv, addrs, ret);
	return detach(&job, argv, addrs, has, ret);
}

static int end(const struct hd_host *host, const char *uuid,
	       const struct list *has, struct hd_findings *findings,
	       struct hd_err *err)
{
	HD_AUTO_JOB struct hd_job job = HD_JOB_INIT(host, NULL, findings, err);

	return hd_hotplug_end(&job, uuid,
			      (struct hd_addrs){ has->items, has->n });
}

static int run(char **argv, struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	struct list has = { NULL, 0 }, addrs = { NULL, 0 };
	char uuid[HD_UUID_SIZE] = "";
	int r = hd_host_open(&host, NULL, err);

	for (int i = 6; r == 0 && argv[i]; i++)
		r = add(&addrs, argv[i]);
	for (char *rest = argv[5], *word;
	     r == 0 && (word = strsep(&rest, ","));)
		if (strcmp(word, "-") != 0)
			r = add(&has, word);
	if (r == 0)
		r = begin(&host, argv, &addrs, &has, findings, err, uuid);
	if (r == 0 && uuid[0])
		r = end(&host, uuid, &has, findings, err);
	free(has.items);
	free(addrs.items);
	return r;
}

int main(int argc, char **argv)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	int r;

	if (argc < 7)
		return 2;
	r = run(argv, &findings, &err);
	hd_print_findings(stderr, &findings, "");
	if (err.code)
		hd_print_err(stderr, &err);
	return r != 0;
}
