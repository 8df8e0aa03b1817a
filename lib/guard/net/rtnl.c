// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/net/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"

/* How often a table may change while it is read. */
#define RETRIES 5

/* The kernel sends no more at once (NLMSG_GOODSIZE is less). */
#define ANSWER_SIZE 65536

/* An IP address, as bytes. */
struct ip {
	int family; /* AF_UNSPEC: it is none */
	unsigned char bytes[16];
	size_t length;
	char zone[IF_NAMESIZE]; /* of "fe80::1%eth0" */
};

struct talk {
	unsigned sequence;
	/* The question: */
	size_t to;
	struct ip ip;
	bool is_local;
	int refusal; /* what the kernel answered instead, a negative errno */
	/* Who gets the answers: */
	void (*take)(void *data, const struct hd_route *route);
	void *data;
};

/* The attributes of a message that we know; the last of a type counts. */
struct attributes {
	const struct nlattr *items[RTA_MAX + 1];
};

/* An answer that can't be understood may hide anything. */
static int garbled(void)
{
	errno = EBADMSG;
	return MNL_CB_ERROR;
}

/* False when they don't fill the message: libmnl passes over the rest. */
static bool parse(const struct nlmsghdr *header, size_t offset,
		  struct attributes *ret)
{
	const char *end = mnl_nlmsg_get_payload_tail(header);
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, header,
			  (unsigned)offset) if (mnl_attr_get_type(attribute) <=
						RTA_MAX)
		ret->items[mnl_attr_get_type(attribute)] = attribute;
	return (const char *)attribute >= end;
}

static int tell(struct talk *talk, int family, unsigned index)
{
	struct hd_route route = { .to = talk->to, .family = family };

	if (if_indextoname(index, route.interface))
		talk->take(talk->data, &route);
	/* One that went away meanwhile carries nothing. */
	else if (errno != ENXIO && errno != ENODEV)
		return MNL_CB_ERROR;
	return MNL_CB_OK;
}

/* Several ways of one route. */
static int tell_ways(struct talk *talk, int family, const struct nlattr *ways)
{
	const struct rtnexthop *way = mnl_attr_get_payload(ways);
	size_t left = mnl_attr_get_payload_len(ways);
	int r = MNL_CB_OK;

	while (left > 0 && r == MNL_CB_OK) {
		size_t step;

		if (left < sizeof(*way) || way->rtnh_len < sizeof(*way) ||
		    way->rtnh_len > left)
			return garbled();
		step = RTNH_ALIGN(way->rtnh_len);
		r = tell(talk, family, (unsigned)way->rtnh_ifindex);
		left -= step < left ? step : left;
		way = (const void *)((const char *)way + step);
	}
	return r;
}

static int take_route(const struct nlmsghdr *header, void *data)
{
	struct talk *talk = data;
	const struct rtmsg *route = mnl_nlmsg_get_payload(header);
	struct attributes found = { { NULL } };

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*route))
		return garbled();
	if (talk->to != HD_ROUTE_DEFAULT && route->rtm_type == RTN_LOCAL) {
		talk->is_local = true;
		return MNL_CB_OK;
	}
	if (route->rtm_type != RTN_UNICAST ||
	    (talk->to == HD_ROUTE_DEFAULT &&
	     (route->rtm_dst_len != 0 || (route->rtm_flags & RTM_F_CLONED))))
		return MNL_CB_OK;
	if (!parse(header, sizeof(*route), &found))
		return garbled();
	if (found.items[RTA_MULTIPATH])
		return tell_ways(talk, route->rtm_family,
				 found.items[RTA_MULTIPATH]);
	if (found.items[RTA_OIF])
		return mnl_attr_validate(found.items[RTA_OIF], MNL_TYPE_U32) <
				       0 ?
			       garbled() :
			       tell(talk, route->rtm_family,
				    mnl_attr_get_u32(found.items[RTA_OIF]));
	/* The sysctl nexthop_compat_mode hides where a nexthop object leads. */
	if (!found.items[RTA_NH_ID])
		return garbled();
	errno = EUNATCH;
	return MNL_CB_ERROR;
}

static int take_address(const struct nlmsghdr *header, void *data)
{
	struct talk *talk = data;
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(header);
	struct attributes found = { { NULL } };
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*address))
		return garbled();
	if (address->ifa_family != talk->ip.family)
		return MNL_CB_OK;
	if (!parse(header, sizeof(*address), &found))
		return garbled();
	/* Of a tunnel IFA_ADDRESS is the other end's. */
	attribute = found.items[IFA_LOCAL] ? found.items[IFA_LOCAL] :
					     found.items[IFA_ADDRESS];
	if (attribute &&
	    mnl_attr_get_payload_len(attribute) == talk->ip.length &&
	    memcmp(mnl_attr_get_payload(attribute), talk->ip.bytes,
		   talk->ip.length) == 0)
		return tell(talk, talk->ip.family, address->ifa_index);
	return MNL_CB_OK;
}

/* What the kernel says instead of an answer, or at its end: 0 is well. */
static int take_verdict(struct talk *talk, const struct nlmsghdr *header)
{
	const int *error = mnl_nlmsg_get_payload(header);

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*error))
		return garbled();
	/* libmnl takes every end for a good one. */
	talk->refusal = *error < 0 ? *error : 0;
	return MNL_CB_STOP;
}

/* One message. As mnl_cb_run(), which passes over what isn't whole. */
static int take_message(struct talk *talk, const struct nlmsghdr *header,
			mnl_cb_t take)
{
	if (header->nlmsg_flags & NLM_F_DUMP_INTR) {
		errno = EINTR;
		return MNL_CB_ERROR;
	}
	switch (header->nlmsg_type) {
	case NLMSG_NOOP:
		return MNL_CB_OK;
	case NLMSG_OVERRUN:
		errno = ENOBUFS;
		return MNL_CB_ERROR;
	case NLMSG_ERROR:
	case NLMSG_DONE:
		return take_verdict(talk, header);
	default:
		return take(header, talk);
	}
}

static int take_messages(struct talk *talk, const void *buffer, int left,
			 unsigned port, mnl_cb_t take)
{
	const struct nlmsghdr *header = buffer;
	int r = MNL_CB_OK;

	while (r == MNL_CB_OK && left > 0) {
		if (!mnl_nlmsg_ok(header, left) ||
		    !mnl_nlmsg_seq_ok(header, talk->sequence) ||
		    !mnl_nlmsg_portid_ok(header, port))
			return garbled();
		r = take_message(talk, header, take);
		header = mnl_nlmsg_next(header, &left);
	}
	return r;
}

static int receive(struct talk *talk, struct mnl_socket *talker, mnl_cb_t take)
{
	HD_AUTOFREE char *buffer = malloc(ANSWER_SIZE);
	unsigned port = mnl_socket_get_portid(talker);
	int r = MNL_CB_OK;

	if (!buffer)
		return -ENOMEM;
	while (r == MNL_CB_OK) {
		/* What is cut fails with ENOSPC. */
		ssize_t n = mnl_socket_recvfrom(talker, buffer, ANSWER_SIZE);

		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		r = take_messages(talk, buffer, (int)n, port, take);
	}
	return r < 0 ? -errno : 0;
}

/* One question, whose header is in @request, and all of its answers. */
static int ask_once(struct talk *talk, struct nlmsghdr *request, mnl_cb_t take)
{
	struct mnl_socket *talker = mnl_socket_open(NETLINK_ROUTE);
	int r;

	if (!talker)
		return -errno;
	talk->refusal = 0;
	request->nlmsg_seq = ++talk->sequence;
	if (mnl_socket_bind(talker, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(talker, request, request->nlmsg_len) < 0)
		r = -errno;
	else
		r = receive(talk, talker, take);
	mnl_socket_close(talker);
	return r;
}

static int ask(struct talk *talk, struct nlmsghdr *request, mnl_cb_t take)
{
	int r = -EINTR;

	/* EINTR: the table changed while it was told (NLM_F_DUMP_INTR). */
	for (unsigned i = 0; r == -EINTR && i < RETRIES; i++) {
		r = ask_once(talk, request, take);
		if (r == 0 && talk->refusal == -EINTR)
			r = -EINTR;
	}
	return r;
}

static int ask_defaults(struct talk *talk, unsigned char family)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route =
		mnl_nlmsg_put_extra_header(request, sizeof(*route));
	int r;

	request->nlmsg_type = RTM_GETROUTE;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	route->rtm_family = family;
	r = ask(talk, request, take_route);
	/* A kernel without IPv6. */
	if (talk->refusal == -EAFNOSUPPORT || talk->refusal == -EOPNOTSUPP)
		return r;
	return r < 0 ? r : talk->refusal;
}

static int ask_owner(struct talk *talk)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *address =
		mnl_nlmsg_put_extra_header(request, sizeof(*address));
	int r;

	request->nlmsg_type = RTM_GETADDR;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	address->ifa_family = (unsigned char)talk->ip.family;
	r = ask(talk, request, take_address);
	return r < 0 ? r : talk->refusal;
}

/* Whether the kernel's answer is that no way leads there. */
static bool is_no_way(int refusal)
{
	return refusal == -ENETUNREACH || refusal == -EHOSTUNREACH ||
	       refusal == -EACCES || refusal == -EAFNOSUPPORT ||
	       refusal == -EOPNOTSUPP;
}

static int ask_way(struct talk *talk)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route =
		mnl_nlmsg_put_extra_header(request, sizeof(*route));
	int r;

	request->nlmsg_type = RTM_GETROUTE;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	route->rtm_family = (unsigned char)talk->ip.family;
	route->rtm_dst_len = (unsigned char)(talk->ip.length * 8);
	mnl_attr_put(request, RTA_DST, talk->ip.length, talk->ip.bytes);
	r = ask(talk, request, take_route);
	if (r == 0 && !is_no_way(talk->refusal))
		r = talk->refusal;
	return r < 0 || !talk->is_local ? r : ask_owner(talk);
}

static struct ip parse_ip(const char *text)
{
	struct ip ip = { .family = AF_UNSPEC };
	const char *zone = strchr(text, '%');
	size_t length = zone ? (size_t)(zone - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];

	if (length >= sizeof(address))
		return ip;
	memcpy(address, text, length);
	address[length] = '\0';
	if (zone)
		strncpy(ip.zone, zone + 1, sizeof(ip.zone) - 1);
	if (inet_pton(AF_INET, address, ip.bytes) == 1) {
		ip.family = AF_INET;
		ip.length = 4;
	} else if (inet_pton(AF_INET6, address, ip.bytes) == 1) {
		ip.family = AF_INET6;
		ip.length = 16;
	}
	return ip;
}

static int ask_address(struct talk *talk, const char *address)
{
	struct hd_route route = { .to = talk->to };

	talk->ip = parse_ip(address);
	talk->is_local = false;
	if (talk->ip.family == AF_UNSPEC)
		return 0;
	/* It says itself where it is. */
	if (talk->ip.zone[0]) {
		route.family = talk->ip.family;
		memcpy(route.interface, talk->ip.zone, sizeof(talk->ip.zone));
		talk->take(talk->data, &route);
		return 0;
	}
	return ask_way(talk);
}

int hd_rtnl_read(const char *const *addresses, size_t n,
		 void (*take)(void *data, const struct hd_route *route),
		 void *data)
{
	struct talk talk = { .sequence = (unsigned)time(NULL),
			     .to = HD_ROUTE_DEFAULT,
			     .take = take,
			     .data = data };
	int r = ask_defaults(&talk, AF_INET);

	if (r == 0)
		r = ask_defaults(&talk, AF_INET6);
	for (size_t i = 0; r == 0 && i < n; i++) {
		talk.to = i;
		r = ask_address(&talk, addresses[i]);
	}
	return r;
}
