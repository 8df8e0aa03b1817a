// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The libvirt hook: /etc/libvirt/hooks/qemu NAME OPERATION SUBOPERATION EXTRA,
 * with the domain's XML on stdin (https://libvirt.org/hooks.html).
 *
 * libvirt waits for it while it holds the domain, without any time limit: it
 * never asks libvirt anything, and it leaves no child behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hooks/result.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/stdfiles.h"
#include "lib/handover/failure.h"
#include "lib/handover/prepare.h"
#include "lib/handover/release.h"
#include "xml/doc/doc.h"
#include "xml/domain/domain.h"
#include "xml/rewrite/rewrite.h"

typedef int (*hd_bind_fn)(struct hd_job *job, const struct hd_request *request);

static int read_text(char **ret, size_t *ret_length, struct hd_err *err)
{
	int r = hd_read_all(STDIN_FILENO, HD_DOC_LIMIT, ret, ret_length);

	if (r == -EFBIG)
		return hd_err_set(err, EFBIG,
				  "the domain's XML has more than %d MiB",
				  HD_DOC_LIMIT / 1024 / 1024);
	if (r < 0)
		return hd_err_set(err, -r, "the domain's XML can't be read: %s",
				  strerror(-r));
	return 0;
}

static int parse(const char *text, size_t length, struct hd_domain *ret,
		 struct hd_result *result, struct hd_err *err)
{
	int r = hd_domain_parse(text, length, ret, err);

	if (r == 0 && hd_result_describe(result, ret) < 0)
		r = hd_err_nomem(err);
	return r;
}

/* Who it is that libvirt hands us on stdin, or what of it may concern us. */
enum need { WHOLE, DEVICES };

static int read_domain(enum need need, struct hd_domain *ret,
		       struct hd_result *result, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = read_text(&text, &length, err);

	if (r < 0 || (need == DEVICES && !hd_domain_may_ask(text, length)))
		return r;
	return parse(text, length, ret, result, err);
}

/* What prepare and start share: read who asks for what, and see to it. */
static int see_to_devices(hd_bind_fn take, struct hd_result *result)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTO_NAMES struct hd_names *names = NULL;
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&host, NULL, &result->findings, &result->err);
	struct hd_request request;
	int r = read_domain(DEVICES, &domain, result, &result->err);

	if (r < 0 || domain.n_assigns == 0)
		return r;
	r = hd_host_open(&host, NULL, &result->err);
	if (r == 0)
		r = hd_config_read(&host, &job.ask.config, &result->err);
	if (r < 0)
		return r;
	job.ask.names = names = hd_names_new();
	request = hd_domain_request(&domain, &job.ask.config.policy);
	return take(&job, &request);
}

static int with_devices(const char *name, hd_bind_fn take,
			struct hd_result *result)
{
	int r = see_to_devices(take, result);

	if (r < 0)
		hd_err_wrap(&result->err, "Guest '%s' is not started", name);
	return r;
}

static int on_prepare(const char *name, struct hd_result *result)
{
	return with_devices(name, hd_prepare, result);
}

/* libvirt has chosen the VFs of network pools; prepare couldn't see them. */
static int on_start(const char *name, struct hd_result *result)
{
	return with_devices(name, hd_start, result);
}

/* The guest runs, or a new daemon has found it running. */
static int on_running(const char *name, struct hd_result *result)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&host, NULL, &result->findings, &result->err);
	int r = hd_host_open(&host, NULL, &result->err);

	(void)name;
	if (r == 0 && !hd_claims_exist(&host))
		return 0;
	if (r == 0)
		r = read_domain(WHOLE, &domain, result, &result->err);
	if (r < 0 || domain.n_assigns == 0)
		return r;
	return hd_started(&job, domain.uuid, domain.name);
}

/*
 * Also follows a prepare that failed, ours or another script's. A document that
 * can't be read must not keep the host from its devices: the name will do.
 */
static int on_release(const char *name, struct hd_result *result)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTO_ERR struct hd_err unreadable = HD_ERR_INIT;
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&host, NULL, &result->findings, &result->err);
	int r = hd_host_open(&host, NULL, &result->err);

	if (r < 0 || !hd_claims_exist(&host))
		return r;
	read_domain(WHOLE, &domain, result, &unreadable);
	hd_failure_explain(&host, domain.uuid, name, &result->findings);
	job.ask.config = hd_config_read_or_default(&host, &result->findings);
	return hd_release(&job, domain.uuid, domain.name ? domain.name : name);
}

/* Where the pinned devices are on this host, as a new document on stdout. */
static int follow(const char *text, size_t length,
		  const struct hd_domain *domain, struct hd_result *result)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTO_PIN_MATCHES struct hd_pin_matches pin_matches = { NULL, 0 };
	HD_AUTOFREE char *rewritten = NULL;
	size_t size;
	int r = hd_host_open(&host, NULL, &result->err);

	if (r == 0)
		r = hd_pins_compare(&host, domain->metadata.pins,
				    domain->metadata.n_pins, &pin_matches,
				    &result->err);
	if (r == 0)
		r = hd_rewrite_follow_pins(text, length, &pin_matches,
					   &rewritten, &size, &result->err);
	if (r < 0 || !rewritten)
		return r;
	if (fwrite(rewritten, 1, size, stdout) != size || fflush(stdout) != 0)
		return hd_err_set(&result->err, errno,
				  "the domain's XML can't be handed back: %m");
	return 0;
}

/*
 * A guest comes from another host or from a file, and its pinned devices may be
 * elsewhere here. No output means that the XML stays as it is.
 */
static int on_filter(const char *name, struct hd_result *result)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = read_text(&text, &length, &result->err);

	if (r == 0 && hd_domain_may_ask(text, length))
		r = parse(text, length, &domain, result, &result->err);
	if (r == 0 && domain.metadata.n_pins)
		r = follow(text, length, &domain, result);
	if (r < 0)
		hd_err_wrap(&result->err, "Guest '%s' can't come here", name);
	return r;
}

/*
 * The events of libvirt's protocol (src/util/virhook.c). Where there is no
 * function there is nothing to do, and stdin may stay unread. An event that
 * isn't here belongs to a newer libvirt and must not be in its way.
 */
static const struct event {
	const char *operation;
	int (*handle)(const char *name, struct hd_result *result);
	bool harmful; /* a failure would kill the running guest: exit 0 */
} events[] = {
	{ "prepare", on_prepare, false }, /* exit 1 refuses the start */
	{ "start", on_start, false }, /* exit 1 refuses the start */
	{ "started", on_running, true },
	{ "stopped", NULL, false }, /* the devices are still with vfio */
	{ "release", on_release, false }, /* exit 1 is logged */
	{ "migrate", on_filter, false }, /* exit 1 refuses the migration */
	{ "restore", on_filter, false }, /* exit 1 refuses the restore */
	{ "reconnect", on_running, true },
	{ "attach", NULL, false }, /* defined by libvirt, never called */
};

/* @event is NULL when it is one that we don't know. */
static int handle(const struct event *event, char **argv)
{
	HD_AUTO_RESULT struct hd_result result;
	int status = 0, r = 0;

	hd_result_begin(&result, argv[1], argv[2]);
	if (event && event->handle)
		r = event->handle(argv[1], &result);
	if (event && !event->harmful)
		status = hd_result_report(&result, r);
	hd_result_log(&result, r);
	return status;
}

static const struct event *find_event(const char *operation)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(operation, events[i].operation) == 0)
			return &events[i];
	return NULL;
}

int main(int argc, char **argv)
{
	/* A session daemon runs the same hook as an ordinary user. */
	if (geteuid() != 0)
		return 0;
	hd_stdfiles_fill();
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	if (argc != 5) {
		fputs("This is a libvirt hook: libvirt runs it with GUEST OPERATION SUBOPERATION EXTRA and the guest's XML on stdin.\nFix: To see what it would say of a guest: virt-hostdev check GUEST\n",
		      stderr);
		return 2;
	}
	return handle(find_event(argv[2]), argv);
}
