// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"
#include "lib/guard/net/netroot.h"
#include "lib/guard/net/routes.h"
#include "lib/guard/net/session.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

/* Of the functions of one guest: a NIC carries up to 4,094 VLANs. */
#define LINKS_LIMIT 65536

/* An interface, and the one that it stands on. */
struct link {
	char name[IF_NAMESIZE];
	size_t below; /* index, or HD_BOTTOM for one of the PCI function's */
	size_t first; /* index of that at the bottom */
	struct hd_addr addr;
	bool up; /* that at the bottom */
};

struct links {
	struct link *items;
	size_t n;
};

static void clear_links(struct links *links)
{
	free(links->items);
}

static int add_link(struct links *links, const char *name, size_t below,
		    struct hd_err *err)
{
	size_t first =
		below == HD_BOTTOM ? links->n : links->items[below].first;
	struct link *link;

	if (strlen(name) >= IF_NAMESIZE)
		return hd_err_set(err, ENAMETOOLONG,
				  "no interface can be called '%s'", name);
	for (size_t i = first; i < links->n; i++)
		if (strcmp(links->items[i].name, name) == 0)
			return 0;
	if (links->n >= LINKS_LIMIT)
		return hd_err_set(err, E2BIG,
				  "more than %d interfaces stand on each other",
				  LINKS_LIMIT);
	link = hd_array_add(&links->items, &links->n, sizeof(*link));
	if (!link)
		return hd_err_nomem(err);
	strcpy(link->name, name);
	link->below = below;
	link->first = first;
	if (below != HD_BOTTOM) {
		link->addr = links->items[first].addr;
		link->up = links->items[first].up;
	}
	return 0;
}

/* Where climb() is. */
struct climbing {
	const struct hd_host *host;
	struct links *links;
	size_t below;
	struct hd_err *err;
};

/* What stands on one: the links "upper_NAME" in its folder, and "master". */
static int add_upper(void *data, int dir_fd, const char *name)
{
	const struct climbing *climbing = data;
	HD_AUTOFREE char *master = NULL;
	bool there;
	int r;

	if (hd_after(name, "upper_"))
		return add_link(climbing->links, name + 6, climbing->below,
				climbing->err);
	if (strcmp(name, "master") != 0)
		return 0;
	r = hd_seen_whether(hd_sysfs_read_link(dir_fd, "master", &master),
			    &there);
	if (r < 0)
		return hd_look_fail(
			climbing->host, r, climbing->err,
			HD_SYSFS_CLASS "/net/%s/master",
			climbing->links->items[climbing->below].name);
	return there ? add_link(climbing->links, master, climbing->below,
				climbing->err) :
		       0;
}

static int climb(const struct hd_host *host, struct links *links, size_t below,
		 struct hd_err *err)
{
	struct climbing climbing = { host, links, below, err };
	char name[IF_NAMESIZE];

	/* The links move while they are added to. */
	memcpy(name, links->items[below].name, sizeof(name));
	return hd_look_into(host, "net", name, "", add_upper, &climbing, err);
}

static int read_links(struct hd_guard *guard, struct links *links)
{
	const struct hd_nodes *nodes = guard->nodes;
	int r = 0;

	for (size_t i = 0; r == 0 && i < nodes->n; i++) {
		size_t done = links->n;

		if (nodes->items[i].kind != HD_NODE_NET ||
		    !hd_guard_device(guard, nodes->items[i].addr))
			continue;
		r = add_link(links, nodes->items[i].name, HD_BOTTOM,
			     guard->err);
		if (r == 0 && done < links->n) {
			links->items[done].addr = nodes->items[i].addr;
			links->items[done].up = nodes->items[i].up;
		}
		while (r == 0 && done < links->n)
			r = climb(guard->host, links, done++, guard->err);
	}
	return r;
}

static bool stands_on(const struct links *links, size_t link, size_t low)
{
	while (link != HD_BOTTOM && link > low)
		link = links->items[link].below;
	return link == low;
}

/* "eno1 → br0 → @end", of which the last is taken over. */
static int add_chain(struct hd_guard *guard, enum hd_critical critical,
		     bool root, const struct links *links, size_t link,
		     char *end)
{
	char *chain = NULL;
	size_t size;
	FILE *file = end ? hd_stream_open(&chain, &size) : NULL;

	if (!file) {
		free(end);
		return hd_err_nomem(guard->err);
	}
	for (size_t i = links->items[link].first; i <= link; i++)
		if (stands_on(links, link, i))
			fprintf(file, "%s" HD_ARROW, links->items[i].name);
	fputs(end, file);
	free(end);
	return hd_guard_add(guard, links->items[link].addr, critical, root,
			    hd_stream_text(file, &chain));
}

/* Whether an address is reached through the interface. */
static bool leads(const struct hd_routes *routes, size_t to, int family,
		  const char *interface)
{
	for (size_t i = 0; i < routes->n; i++)
		if (routes->items[i].to == to &&
		    (family == AF_UNSPEC ||
		     routes->items[i].family == family) &&
		    strcmp(routes->items[i].interface, interface) == 0)
			return true;
	return false;
}

static int find_default(struct hd_guard *guard, const struct links *links,
			size_t link, const struct hd_routes *routes)
{
	const char *name = links->items[link].name;
	bool v4 = leads(routes, HD_ROUTE_DEFAULT, AF_INET, name);
	bool v6 = leads(routes, HD_ROUTE_DEFAULT, AF_INET6, name);

	if (!v4 && !v6)
		return 0;
	return add_chain(guard, HD_CRITICAL_DEFAULT_ROUTE, false, links, link,
			 hd_text("default route (%s%s%s)", v4 ? "IPv4" : "",
				 v4 && v6 ? " and " : "", v6 ? "IPv6" : ""));
}

/* The first two addresses are the session's, the others the servers'. */
#define SESSION_ADDRESSES 2

static int find_of_link(struct hd_guard *guard, const struct links *links,
			size_t link, const struct hd_routes *routes,
			const struct hd_session *session,
			const struct hd_servers *servers)
{
	const char *name = links->items[link].name;
	int r = find_default(guard, links, link, routes);

	if (r == 0 && (leads(routes, 0, AF_UNSPEC, name) ||
		       leads(routes, 1, AF_UNSPEC, name)))
		r = add_chain(guard, HD_CRITICAL_SSH, false, links, link,
			      hd_text("SSH session from %s", session->peer));
	for (size_t i = 0; r == 0 && i < servers->n; i++) {
		const struct hd_server *server = &servers->items[i];

		if (leads(routes, SESSION_ADDRESSES + i, AF_UNSPEC, name))
			r = add_chain(guard, HD_CRITICAL_NETWORK_ROOT, true,
				      links, link,
				      hd_text("%s server %s" HD_ARROW "%s",
					      server->protocol, server->address,
					      server->target));
	}
	return r;
}

/* A server of which no address is known may be behind every interface. */
static int find_unknown(struct hd_guard *guard, const struct links *links,
			size_t link, const struct hd_routes *routes,
			const struct hd_servers *servers)
{
	int r = 0;

	if (links->items[link].below != HD_BOTTOM || !links->items[link].up)
		return 0;
	for (size_t i = 0; r == 0 && i < servers->n; i++) {
		const struct hd_server *server = &servers->items[i];
		bool known = false;

		for (size_t j = 0; j < routes->n; j++)
			known |= routes->items[j].to == SESSION_ADDRESSES + i;
		if (!known)
			r = add_chain(
				guard, HD_CRITICAL_NETWORK_ROOT, false, links,
				link,
				hd_text("%s server, perhaps" HD_ARROW "%s",
					server->protocol, server->target));
	}
	return r;
}

int hd_guard_net(struct hd_guard *guard)
{
	HD_AUTO(clear_links) struct links links = { NULL, 0 };
	HD_AUTO_SERVERS struct hd_servers servers = { NULL, 0 };
	HD_AUTO_ROUTES struct hd_routes routes = { NULL, 0 };
	HD_AUTOFREE const char **addresses = NULL;
	struct hd_session session;
	int r;

	if (!hd_guard_has(guard, HD_NODE_NET))
		return 0;
	if ((r = hd_guard_settle(guard, read_links(guard, &links), HD_NODE_NET,
				 HD_CRITICAL_DEFAULT_ROUTE)) < 0 ||
	    (r = hd_guard_settle(
		     guard, hd_session_find(guard->host, &session, guard->err),
		     HD_NODE_NET, HD_CRITICAL_SSH)) < 0 ||
	    (r = hd_guard_settle(guard, hd_servers_find(guard, &servers),
				 HD_NODE_NET, HD_CRITICAL_NETWORK_ROOT)) < 0)
		return r;
	addresses = calloc(SESSION_ADDRESSES + servers.n, sizeof(*addresses));
	if (!addresses)
		return hd_err_nomem(guard->err);
	addresses[0] = session.peer;
	addresses[1] = session.local;
	for (size_t i = 0; i < servers.n; i++)
		addresses[SESSION_ADDRESSES + i] = servers.items[i].address;
	r = hd_guard_settle(guard,
			    hd_routes_read(guard->host, addresses,
					   SESSION_ADDRESSES + servers.n,
					   guard->seconds, &routes, guard->err),
			    HD_NODE_NET, HD_CRITICAL_DEFAULT_ROUTE);
	for (size_t i = 0; r == 0 && i < links.n; i++) {
		r = find_of_link(guard, &links, i, &routes, &session, &servers);
		if (r == 0)
			r = find_unknown(guard, &links, i, &routes, &servers);
	}
	return r;
}
