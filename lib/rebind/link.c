// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/rebind/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <time.h>

/* Far more than a request of one attribute, or what acknowledges it, takes. */
#define MESSAGE_SIZE 4096

static struct nlmsghdr *begin(char *buffer, unsigned index)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link =
		mnl_nlmsg_put_extra_header(request, sizeof(*link));

	request->nlmsg_type = RTM_NEWLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = (unsigned)time(NULL);
	link->ifi_family = AF_UNSPEC;
	link->ifi_index = (int)index;
	return request;
}

/* Sends a request, and waits for the kernel's answer to it. */
static int talk(struct mnl_socket *talker, const struct nlmsghdr *request)
{
	char buffer[MESSAGE_SIZE];
	ssize_t n;

	if (mnl_socket_bind(talker, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(talker, request, request->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(talker, buffer, sizeof(buffer));
	if (n < 0 || mnl_cb_run(buffer, (size_t)n, request->nlmsg_seq,
				mnl_socket_get_portid(talker), NULL, NULL) < 0)
		return -errno;
	return 0;
}

static int send_request(const struct nlmsghdr *request)
{
	struct mnl_socket *talker = mnl_socket_open(NETLINK_ROUTE);
	int r;

	if (!talker)
		return -errno;
	r = talk(talker, request);
	mnl_socket_close(talker);
	return r;
}

int hd_link_rename(unsigned index, const char *name)
{
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *request = begin(buffer, index);

	if (!mnl_attr_put_strz_check(request, sizeof(buffer), IFLA_IFNAME,
				     name))
		return -EINVAL;
	return send_request(request);
}

int hd_link_set_master(unsigned index, unsigned master)
{
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *request = begin(buffer, index);

	mnl_attr_put_u32(request, IFLA_MASTER, master);
	return send_request(request);
}
