// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/connector.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/display/wait.h"
#include "lib/host/bootargs.h"
#include "lib/host/graphics.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

#define CARDS "drm"

struct visiting {
	const struct hd_host *host;
	struct hd_addr addr;
	hd_connector_fn visit;
	void *data;
	struct hd_err *err;
};

/* Whether "card0" is this one, and no screen that the firmware has drawn on. */
static int is_of_card(const struct visiting *v, const char *card, bool *ret)
{
	HD_AUTOFREE char *link = NULL;
	int r = hd_look_where(v->host, CARDS, card, &link, v->err);

	*ret = false;
	if (r == 0 && link) {
		struct hd_screen_place place = hd_screen_place(link);

		*ret = place.on_pci && !*place.firmware &&
		       hd_addr_equal(place.addr, v->addr);
	}
	return r;
}

/* "card0-DP-1"; a connector of what is written back into memory has none. */
static int visit_connector(void *data, int dir_fd, const char *folder)
{
	const struct visiting *v = data;
	const char *name = strchr(folder, '-');
	HD_AUTOFREE char *status = NULL;
	char card[16];
	bool here;
	int r, n;

	(void)dir_fd;
	if (!name || hd_after(name, "-Writeback"))
		return 0;
	n = snprintf(card, sizeof(card), "%.*s", (int)(name - folder), folder);
	if ((size_t)n >= sizeof(card) || !hd_is_numbered(card, "card"))
		return 0;
	r = is_of_card(v, card, &here);
	if (r < 0 || !here)
		return r;
	r = hd_look_at(v->host, CARDS, folder, "status", &status, v->err);
	return r < 0 || !status ? r :
				  v->visit(v->data, name + 1, status, folder);
}

int hd_connectors_each(const struct hd_host *host, struct hd_addr card,
		       hd_connector_fn visit, void *data, struct hd_err *err)
{
	struct visiting v = { host, card, visit, data, err };

	return hd_look_into(host, CARDS, "", "", visit_connector, &v, err);
}

/* One that is waited for. */
struct awaited {
	const struct hd_host *host;
	struct hd_addr card;
	const char *name;
	struct hd_err *err;
	char status[32]; /* "" while it isn't there */
	bool asked;
};

/*
 * Whether "video=DP-1:e" on the kernel's command line says that it has one,
 * which "detect" would make the kernel forget.
 */
static bool is_forced(const struct awaited *awaited)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };
	const struct hd_bootarg *arg = NULL;

	if (hd_bootargs_read(awaited->host, &args) < 0)
		return true;
	while ((arg = hd_bootargs_find(&args, "video", arg))) {
		const char *rest =
			arg->value ? hd_after(arg->value, awaited->name) : NULL;

		if (rest && *rest == ':')
			return true;
	}
	return false;
}

/*
 * The status is what the driver found last: "unknown" until somebody asks, and
 * without a console on the card nobody does (drivers/gpu/drm/drm_sysfs.c,
 * status_store()). Whether this comes to something is what the status says.
 */
static void ask(struct awaited *awaited, const char *folder)
{
	HD_AUTOFREE char *status = NULL;
	HD_AUTOCLOSE int fd = -1;

	if (awaited->asked || is_forced(awaited))
		return;
	awaited->asked = true;
	if (hd_sysfs_open_class(awaited->host, CARDS, folder, "", &fd).is ==
		    HD_PRESENT &&
	    hd_sysfs_write(fd, "status", "detect") == 0 &&
	    hd_sysfs_read(fd, "status", &status).is == HD_PRESENT)
		snprintf(awaited->status, sizeof(awaited->status), "%s",
			 status);
}

static int take_status(void *data, const char *name, const char *status,
		       const char *folder)
{
	struct awaited *awaited = data;

	if (strcmp(name, awaited->name) != 0)
		return 0;
	snprintf(awaited->status, sizeof(awaited->status), "%s", status);
	if (strcmp(status, "unknown") == 0)
		ask(awaited, folder);
	return 0;
}

static int fail_in_time(const struct awaited *awaited, unsigned seconds)
{
	if (!*awaited->status)
		return hd_err_set(
			awaited->err, ETIMEDOUT,
			"its driver has not shown it within %u seconds",
			seconds);
	return hd_err_set(awaited->err, ETIMEDOUT,
			  "after %u seconds its status is '%s'", seconds,
			  awaited->status);
}

int hd_connector_wait(const struct hd_host *host, struct hd_addr card,
		      const char *name, unsigned seconds, struct hd_err *err)
{
	struct awaited awaited = {
		.host = host, .card = card, .name = name, .err = err
	};
	HD_AUTO_WAIT struct hd_wait wait;

	hd_wait_begin(&wait, seconds);
	for (;;) {
		int r;

		*awaited.status = '\0';
		r = hd_connectors_each(host, card, take_status, &awaited, err);
		if (r < 0 || strcmp(awaited.status, "connected") == 0)
			return r;
		if (!hd_wait(&wait, HD_WAIT_MS))
			return fail_in_time(&awaited, seconds);
	}
}
