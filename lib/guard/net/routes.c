// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/net/routes.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/guard/net/procroutes.h"
#include "lib/guard/net/rtnl.h"
#include "lib/host/worker.h"

/* What the asking process says last, with the errno in @to. */
#define THE_END (-1)

static int add(struct hd_routes *routes, const struct hd_route *route)
{
	struct hd_route *slot;

	for (size_t i = 0; i < routes->n; i++)
		if (routes->items[i].to == route->to &&
		    routes->items[i].family == route->family &&
		    strcmp(routes->items[i].interface, route->interface) == 0)
			return 0;
	slot = hd_array_add(&routes->items, &routes->n, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = *route;
	return 0;
}

/* In the process that asks */

static void send_route(void *data, const struct hd_route *route)
{
	const int *fd = data;

	if (write(*fd, route, sizeof(*route)) != sizeof(*route))
		_exit(1);
}

static void answer(int fd, const char *const *addresses, size_t n)
{
	struct hd_route end = { .family = THE_END };
	int r = hd_rtnl_read(addresses, n, send_route, &fd);

	end.to = (size_t)-r;
	send_route(&fd, &end);
}

/* In its maker */

static int receive(int fd, unsigned seconds, struct hd_routes *ret)
{
	int64_t deadline = hd_now_ms() + (int64_t)seconds * 1000;

	for (;;) {
		struct hd_route route;
		int r = hd_worker_read(fd, deadline, &route, sizeof(route));

		if (r < 0)
			return r;
		if (route.family == THE_END)
			return -(int)route.to;
		if (add(ret, &route) < 0)
			return -ENOMEM;
	}
}

static int fail(int r, struct hd_err *err)
{
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r == -EUNATCH) {
		hd_err_set(err, EUNATCH,
			   "the kernel doesn't tell to which interface a "
			   "default route with a nexthop object leads");
		hd_err_fix(err, "sysctl net.ipv4.nexthop_compat_mode=1");
		return r;
	}
	if (r == -ETIMEDOUT) {
		hd_err_set(err, ETIMEDOUT,
			   "the kernel doesn't tell the host's routes, as when "
			   "another process hangs with its network lock");
		hd_err_fix(err, "Look for that process, in state D, with: ps "
				"-eo pid,stat,wchan:30,args");
		return r;
	}
	return hd_err_set(err, -r, "the host's routes can't be read: %s",
			  strerror(-r));
}

static int read_live(const struct hd_host *host, const char *const *addresses,
		     size_t n, unsigned seconds, struct hd_routes *routes,
		     struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	pid_t pid = hd_worker_fork(host, &fd, err);
	int r;

	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		answer(fd, addresses, n);
		_exit(0);
	}
	r = receive(fd, seconds, routes);
	kill(pid, SIGKILL);
	/* When it is stuck we are not to be. */
	waitpid(pid, NULL, r == 0 ? 0 : WNOHANG);
	return r < 0 ? fail(r, err) : 0;
}

int hd_routes_read(const struct hd_host *host, const char *const *addresses,
		   size_t n, unsigned seconds, struct hd_routes *ret,
		   struct hd_err *err)
{
	HD_AUTO_ROUTES struct hd_routes routes = { NULL, 0 };
	int r = host->live ?
			read_live(host, addresses, n, seconds, &routes, err) :
			hd_proc_routes_read(host, addresses, n, &routes, err);

	if (r < 0)
		return r;
	*ret = routes;
	routes = (struct hd_routes){ NULL, 0 };
	return 0;
}

void hd_routes_clear(struct hd_routes *routes)
{
	free(routes->items);
	*routes = (struct hd_routes){ NULL, 0 };
}
