// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/let_go.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/finding.h"
#include "lib/host/holders.h"

/* How long it waits before it looks again, the first time and at most. */
#define FIRST_MS 20
#define MOST_MS 500

#define AUTO_DEVICE __attribute__((cleanup(hd_device_clear)))

/* Forgets who holds it by VFIO: that is what it is to be held by. */
static void drop_vfio(struct hd_holders *holders)
{
	size_t n = 0;

	for (size_t i = 0; i < holders->n; i++)
		if (holders->items[i].hold != HD_HOLD_VFIO)
			holders->items[n++] = holders->items[i];
	holders->n = n;
}

/* Who holds it now. */
static int look(const struct hd_host *host, const struct hd_device *device,
		const struct hd_nodes *nodes, int64_t deadline,
		struct hd_holders *ret, struct hd_err *err)
{
	int64_t left = deadline - hd_now_ms();
	int r;

	hd_holders_clear(ret);
	r = hd_holders_find(host, device, 1, nodes,
			    left > 1000 ? (unsigned)(left / 1000) : 1, ret,
			    err);
	if (r == -EPERM)
		return hd_err_set(err, EPERM, "only root can see who uses it");
	if (r == -ENOTSUP)
		return hd_err_set(err, ENOTSUP,
				  "a copy of a host has no processes");
	if (r == 0)
		drop_vfio(ret);
	return r;
}

static bool is_free(const struct hd_holders *holders)
{
	return holders->n == 0 && (!holders->unknown || holders->slight);
}

/* Until one of them ends, @until at the latest. */
static int await_end(const struct hd_holders *holders, int64_t until,
		     struct hd_err *err)
{
	HD_AUTOFREE struct pollfd *ends = calloc(holders->n + 1, sizeof(*ends));
	int64_t left;
	size_t n = 0;

	if (!ends)
		return hd_err_nomem(err);
	for (size_t i = 0; i < holders->n; i++) {
		/* One that has ended has none; then there is no need to wait.
		 * And what else fails means waiting without it. */
		int fd = (int)syscall(SYS_pidfd_open, holders->items[i].pid, 0);

		if (fd < 0 && errno == ESRCH)
			until = 0;
		if (fd >= 0)
			ends[n++] =
				(struct pollfd){ .fd = fd, .events = POLLIN };
	}
	left = until - hd_now_ms();
	/* Whatever it says, they are looked for again. */
	poll(ends, n, left > 0 ? (int)left : 0);
	for (size_t i = 0; i < n; i++)
		close(ends[i].fd);
	return 0;
}

static int say(const struct hd_device *device, const struct hd_holders *holders,
	       unsigned seconds, struct hd_err *err)
{
	HD_AUTOFREE char *harmed = NULL, *harmless = NULL;

	if (holders->n == 0) {
		hd_err_set(
			err, ETIMEDOUT,
			"it can't be told which processes use it, after %u seconds: %s",
			seconds, holders->unknown);
		hd_err_fix(err, "%s", holders->remedy);
		return -ETIMEDOUT;
	}
	harmed = hd_holders_text(holders, device->addr, device->driver, true);
	harmless =
		hd_holders_text(holders, device->addr, device->driver, false);
	if (!harmed && !harmless)
		return hd_err_nomem(err);
	hd_err_set(err, ETIMEDOUT, "after %u seconds %s%s%s", seconds,
		   harmed ? harmed : "", harmed && harmless ? " and " : "",
		   harmless ? harmless : "");
	hd_err_fix(err, "Let it end, or end it: kill %d",
		   holders->items[0].pid);
	return -ETIMEDOUT;
}

int hd_let_go(const struct hd_host *host, struct hd_addr addr, unsigned seconds,
	      struct hd_err *err)
{
	int64_t deadline = hd_now_ms() + (int64_t)seconds * 1000;
	HD_AUTO_HOLDERS struct hd_holders holders = HD_HOLDERS_INIT;
	AUTO_DEVICE struct hd_device device = { .driver = NULL };
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	int r = hd_device_read(host, addr, HD_BRIEF, &device, err);

	if (r == -ENOENT)
		return hd_err_set(err, ENOENT, "the host has no such device");
	if (r == 0)
		r = hd_nodes_add(&nodes, host, &device, err);
	if (r == 0)
		r = look(host, &device, &nodes, deadline, &holders, err);
	for (int64_t wait = FIRST_MS; r == 0 && !is_free(&holders); wait *= 2) {
		int64_t now = hd_now_ms(), until;

		if (now >= deadline)
			return say(&device, &holders, seconds, err);
		until = now + (wait < MOST_MS ? wait : MOST_MS);
		r = await_end(&holders, until < deadline ? until : deadline,
			      err);
		if (r == 0)
			r = look(host, &device, &nodes, deadline, &holders,
				 err);
	}
	return r;
}
