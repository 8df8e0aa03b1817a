// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/console.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/display/wait.h"
#include "lib/host/graphics.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

#define CONSOLES "vtconsole"

struct visiting {
	const struct hd_host *host;
	hd_console_fn visit;
	void *data;
	struct hd_err *err;
};

static int visit_console(void *data, int dir_fd, const char *entry)
{
	const struct visiting *v = data;
	HD_AUTOFREE char *name = NULL;
	HD_AUTOFREE char *bound = NULL;
	int r;

	(void)dir_fd;
	if (!hd_is_numbered(entry, "vtcon"))
		return 0;
	r = hd_look_at(v->host, CONSOLES, entry, "name", &name, v->err);
	if (r == 0)
		r = hd_look_at(v->host, CONSOLES, entry, "bind", &bound,
			       v->err);
	if (r < 0 || !name || !bound)
		return r;
	if (strcmp(bound, "0") != 0 && strcmp(bound, "1") != 0)
		return hd_err_set(v->err, EINVAL,
				  HD_SYSFS_CLASS "/" CONSOLES
						 "/%s/bind reads '%s'",
				  entry, bound);
	return v->visit(v->data, name, *bound == '1');
}

int hd_consoles_each(const struct hd_host *host, hd_console_fn visit,
		     void *data, struct hd_err *err)
{
	struct visiting v = { host, visit, data, err };

	return hd_look_into(host, CONSOLES, "", "", visit_console, &v, err);
}

bool hd_console_can_go(const char *name)
{
	return hd_after(name, "(M)");
}

/* One driver, and where it stands at the moment. */
struct console {
	const struct hd_host *host;
	const char *name;
	struct hd_err *err;
	int fd; /* of its folder; -1 when it isn't there */
	bool bound;
};

/* 1 when it is the one. */
static int match(void *data, int dir_fd, const char *entry)
{
	struct console *console = data;
	HD_AUTOFREE char *name = NULL;
	struct hd_seen seen;
	int r;

	(void)dir_fd;
	if (!hd_is_numbered(entry, "vtcon"))
		return 0;
	r = hd_look_at(console->host, CONSOLES, entry, "name", &name,
		       console->err);
	if (r < 0 || !name || strcmp(name, console->name) != 0)
		return r;
	seen = hd_sysfs_open_class(console->host, CONSOLES, entry, "",
				   &console->fd);
	r = hd_look_fail(console->host, hd_seen_optional(seen), console->err,
			 HD_SYSFS_CLASS "/" CONSOLES "/%s", entry);
	return r < 0 ? r : seen.is == HD_PRESENT;
}

/* Reads whether it is bound; it may have gone away. */
static int read_bound(struct console *console)
{
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen = hd_sysfs_read(console->fd, "bind", &text);

	if (seen.is == HD_ABSENT) {
		hd_auto_close(&console->fd);
		console->fd = -1;
	}
	console->bound = seen.is == HD_PRESENT && strcmp(text, "1") == 0;
	return hd_look_fail(console->host, hd_seen_optional(seen), console->err,
			    "whether the consoles are on '%s'", console->name);
}

static int find(struct console *console)
{
	int r;

	hd_auto_close(&console->fd);
	console->fd = -1;
	r = hd_look_into(console->host, CONSOLES, "", "", match, console,
			 console->err);
	return r <= 0 ? r : read_bound(console);
}

/* It is there, and the other way round. */
static int turn(struct console *console, bool bound)
{
	int r = hd_sysfs_write(console->fd, "bind", bound ? "1" : "0");

	if (r == -ENOENT || r == -ENODEV)
		r = 0; /* it went away, which reading finds */
	if (r < 0)
		return hd_err_set(console->err, -r, "%s", strerror(-r));
	r = read_bound(console);
	if (r < 0 || console->fd < 0 || console->bound == bound)
		return r;
	return hd_err_set(
		console->err, EIO,
		"the kernel reported success, but the consoles are %s it",
		bound ? "not on" : "still on");
}

/* Until it is there and bound. */
static int bind_in_time(struct console *console, unsigned seconds)
{
	HD_AUTO_WAIT struct hd_wait wait;

	hd_wait_begin(&wait, seconds);
	for (;;) {
		int r = find(console);

		if (r == 0 && console->fd >= 0 && !console->bound)
			r = turn(console, true);
		if (r < 0 || console->bound)
			return r;
		if (!hd_wait(&wait, HD_WAIT_MS))
			return hd_err_set(
				console->err, ETIMEDOUT,
				"it has not come back within %u seconds: no driver has made a frame buffer",
				seconds);
	}
}

static int set(struct console *console, bool bound, unsigned seconds)
{
	int r;

	if (bound)
		return bind_in_time(console, seconds);
	r = find(console);
	if (r < 0 || console->fd < 0 || !console->bound)
		return r;
	return turn(console, false);
}

int hd_console_set(const struct hd_host *host, const char *name, bool bound,
		   unsigned seconds, struct hd_err *err)
{
	struct console console = {
		.host = host, .name = name, .err = err, .fd = -1
	};
	int r = set(&console, bound, seconds);

	hd_auto_close(&console.fd);
	return r;
}
