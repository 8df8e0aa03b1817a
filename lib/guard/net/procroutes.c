// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/net/procroutes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/host/bootargs.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"

#define TABLE_LIMIT (64 * 1024 * 1024)

/* RTF_UP and RTF_REJECT of <linux/route.h>, which both tables use. */
#define UP 0x1
#define REJECT 0x200

/* One line of either table. */
struct entry {
	int family;
	unsigned char prefix[16];
	unsigned length; /* of the prefix, in bits */
	char interface[IF_NAMESIZE];
};

/* The best so far for an address. */
struct best {
	unsigned char bytes[16];
	int family;
	bool found;
	struct entry entry;
};

struct reader {
	struct best *bests;
	size_t n;
	struct hd_routes *routes;
};

/* Whether a line is an entry: 1, 0 for one that leads nowhere, or -EINVAL. */
typedef int (*parse_fn)(const char *line, struct entry *ret);

/* "eth0	00000000	0102A8C0	0003	0	0	0
 * 00000000	0	0	0" */
static int parse_ipv4(const char *line, struct entry *ret)
{
	unsigned destination, flags, mask;

	if (hd_after(line, "Iface"))
		return 0;
	if (sscanf(line, "%15s %x %*x %x %*d %*d %*d %x", ret->interface,
		   &destination, &flags, &mask) != 4)
		return -EINVAL;
	ret->family = AF_INET;
	/* Both are in the byte order of the wire. */
	memcpy(ret->prefix, &destination, 4);
	ret->length = (unsigned)__builtin_popcount(mask);
	return (flags & UP) && !(flags & REJECT);
}

static int parse_ipv6(const char *line, struct entry *ret)
{
	char digits[33];
	unsigned flags;

	if (sscanf(line, "%32s %x %*32s %*x %*32s %*x %*x %*x %x %15s", digits,
		   &ret->length, &flags, ret->interface) != 4 ||
	    strlen(digits) != 32 || ret->length > 128)
		return -EINVAL;
	for (size_t i = 0; i < 16; i++)
		if (sscanf(digits + 2 * i, "%2hhx", &ret->prefix[i]) != 1)
			return -EINVAL;
	ret->family = AF_INET6;
	return (flags & UP) && !(flags & REJECT);
}

static bool covers(const struct entry *entry, const unsigned char *bytes)
{
	unsigned whole = entry->length / 8, rest = entry->length % 8;

	return memcmp(entry->prefix, bytes, whole) == 0 &&
	       (rest == 0 ||
		(entry->prefix[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static int add_route(struct hd_routes *routes, size_t to,
		     const struct entry *entry)
{
	struct hd_route *route =
		hd_array_add(&routes->items, &routes->n, sizeof(*route));

	if (!route)
		return -ENOMEM;
	route->to = to;
	route->family = entry->family;
	memcpy(route->interface, entry->interface, sizeof(route->interface));
	return 0;
}

static int take_line(struct reader *reader, const char *line, parse_fn parse)
{
	struct entry entry = { .family = AF_UNSPEC };
	int r = *line ? parse(line, &entry) : 0;

	if (r <= 0)
		return r;
	for (size_t i = 0; i < reader->n; i++) {
		struct best *best = &reader->bests[i];

		if (best->family != entry.family ||
		    !covers(&entry, best->bytes) ||
		    (best->found && best->entry.length >= entry.length))
			continue;
		best->entry = entry;
		best->found = true;
	}
	return entry.length ?
		       0 :
		       add_route(reader->routes, HD_ROUTE_DEFAULT, &entry);
}

static int read_table(const struct hd_host *host, const char *path,
		      parse_fn parse, struct reader *reader, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	char *rest, *line;
	size_t length = 0;
	int r = hd_seen_required(
		hd_host_read(host, path, TABLE_LIMIT, &text, &length));

	if (r < 0)
		return hd_look_fail(host, r, err, "%s", path);
	if (strlen(text) != length || (length > 0 && text[length - 1] != '\n'))
		return hd_err_set(err, EINVAL, "%s can't be read: it is cut",
				  path);
	rest = text;
	while (r >= 0 && (line = strsep(&rest, "\n")))
		r = take_line(reader, line, parse);
	if (r == -EINVAL)
		return hd_err_set(err, EINVAL,
				  "%s can't be read: one of its lines makes no "
				  "sense",
				  path);
	return r < 0 ? hd_err_nomem(err) : 0;
}

/* A kernel that was told to do without IPv6 has no such table. */
static int is_without_ipv6(const struct hd_host *host, bool *ret,
			   struct hd_err *err)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };
	int r = hd_bootargs_read(host, &args);

	if (r < 0)
		return hd_look_fail(host, r, err, HD_PROC_CMDLINE);
	*ret = hd_bootargs_find(&args, "ipv6.disable=1", NULL) != NULL;
	return 0;
}

int hd_proc_routes_read(const struct hd_host *host,
			const char *const *addresses, size_t n,
			struct hd_routes *routes, struct hd_err *err)
{
	HD_AUTOFREE struct best *bests = calloc(n + 1, sizeof(*bests));
	struct reader reader = { bests, n, routes };
	bool without_ipv6 = false;
	int r;

	if (!bests)
		return hd_err_nomem(err);
	for (size_t i = 0; i < n; i++)
		bests[i].family =
			inet_pton(AF_INET, addresses[i], bests[i].bytes) == 1 ?
				AF_INET :
			inet_pton(AF_INET6, addresses[i], bests[i].bytes) == 1 ?
				AF_INET6 :
				AF_UNSPEC;
	r = read_table(host, HD_PROC_IPV4_ROUTES, parse_ipv4, &reader, err);
	if (r == 0)
		r = is_without_ipv6(host, &without_ipv6, err);
	if (r == 0 && !without_ipv6)
		r = read_table(host, HD_PROC_IPV6_ROUTES, parse_ipv6, &reader,
			       err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (bests[i].found && add_route(routes, i, &bests[i].entry) < 0)
			r = hd_err_nomem(err);
	return r;
}
