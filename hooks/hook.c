// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of the hook that libvirt runs, when there is something to do:
 * see qemu.c and program.h.
 *
 * libvirt waits for it while it holds the domain, without any time limit: it
 * never asks libvirt anything, and it leaves no child behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hooks/event.h"
#include "hooks/program.h"
#include "hooks/result.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/stdfiles.h"
#include "lib/handover/failure.h"
#include "lib/handover/prepare.h"
#include "lib/handover/release.h"
#include "xml/doc/limit.h"
#include "xml/domain/domain.h"
#include "xml/rewrite/rewrite.h"

typedef int (*hd_bind_fn)(struct hd_job *job, const struct hd_request *request);

static int read_text(char **ret, size_t *ret_length, struct hd_err *err)
{
	int r = hd_read_all(STDIN_FILENO, HD_DOC_LIMIT, ret, ret_length);

	return r == 0 ?
		       0 :
		       hd_err_set(err, -r, "the domain's XML can't be read: %s",
				  strerror(-r));
}

static int parse(const char *text, size_t length, struct hd_domain *ret,
		 struct hd_result *result, struct hd_err *err)
{
	int r = hd_domain_parse(text, length, ret, err);

	if (r == 0 && hd_result_describe(result, ret) < 0)
		r = hd_err_nomem(err);
	return r;
}

static int read_domain(struct hd_domain *ret, struct hd_result *result,
		       struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = read_text(&text, &length, err);

	return r < 0 ? r : parse(text, length, ret, result, err);
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
	int r = read_domain(&domain, result, &result->err);

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

static int on_prepare(const char *name, struct hd_result *result)
{
	(void)name;
	return see_to_devices(hd_prepare, result);
}

/* libvirt has chosen the VFs of network pools; prepare couldn't see them. */
static int on_start(const char *name, struct hd_result *result)
{
	(void)name;
	return see_to_devices(hd_start, result);
}

/* The guest runs, or a new daemon has found it running. */
static int on_running(const char *name, struct hd_result *result)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&host, NULL, &result->findings, &result->err);
	int r = read_domain(&domain, result, &result->err);

	(void)name;
	if (r < 0 || domain.n_assigns == 0)
		return r;
	r = hd_host_open(&host, NULL, &result->err);
	return r < 0 ? r : hd_started(&job, domain.uuid, domain.name);
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

	if (r < 0)
		return r;
	read_domain(&domain, result, &unreadable);
	hd_failure_explain(&host, domain.uuid, name, &result->findings);
	job.ask.config = hd_config_read_or_default(&host, &result->findings);
	return hd_release(&job, domain.uuid, domain.name ? domain.name : name);
}

/* Where the pinned devices are on this host, as a new document on stdout. */
static int follow(const char *text, size_t length,
		  const struct hd_domain *domain, struct hd_result *result)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTO_PIN_MATCHES struct hd_pin_matches pin_matches =
		HD_PIN_MATCHES_INIT;
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

	(void)name;
	if (r == 0)
		r = parse(text, length, &domain, result, &result->err);
	if (r == 0 && domain.metadata.n_pins)
		r = follow(text, length, &domain, result);
	return r;
}

static int (*const works[])(const char *name, struct hd_result *result) = {
	[HD_WORK_PREPARE] = on_prepare, [HD_WORK_START] = on_start,
	[HD_WORK_RUNNING] = on_running, [HD_WORK_RELEASE] = on_release,
	[HD_WORK_FILTER] = on_filter,
};

static int work(struct hd_result *result, const char *name, const char *version)
{
	if (strcmp(version, HD_VERSION) == 0)
		return hd_result_refuse(
			result, works[result->event->work](name, result));
	hd_err_set(
		&result->err, ENOEXEC,
		"virt-hostdev-hook is of version %s, and the hook that runs it of version %s",
		HD_VERSION, version);
	hd_err_fix(&result->err, HD_REINSTALL);
	return hd_result_unable(result, -ENOEXEC);
}

static int handle(char **argv)
{
	HD_AUTO_RESULT struct hd_result result;
	int r = 0;

	hd_result_begin(&result, argv[1], argv[2]);
	if (result.event && result.event->work != HD_WORK_NONE)
		r = work(&result, argv[1], argv[5]);
	return hd_result_end(&result, r);
}

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & HD_SEALS) == HD_SEALS;
}

int main(int argc, char **argv)
{
	hd_stdfiles_fill();
	/* Whether it can be run is all that is asked. */
	if (argc == 2)
		return strcmp(argv[1], HD_VERSION) != 0;
	if (argc != 6 || !is_sealed(STDIN_FILENO)) {
		fputs("This is a part of virt-hostdev's libvirt hook, which alone runs it, with the guest's XML in a sealed memory file.\nFix: To see what it would say of a guest: virt-hostdev check GUEST\n",
		      stderr);
		return 2;
	}
	return handle(argv);
}
