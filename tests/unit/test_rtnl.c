// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel could say of its routes, and doesn't while all is well. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "lib/guard/net/rtnl.h"

/* Everywhere the first one. */
#define LOOPBACK 1U

/* An answer as it is made, and where in it the last message begins. */
struct answer {
	_Alignas(NLMSG_ALIGNTO) char bytes[512];
	size_t length, last;
	int error; /* what receiving fails with, instead */
};

/* The answers to the questions; more questions get an end. */
static struct answer answers[8];
static size_t n_answers, n_asked;
static unsigned asked_sequence, asked_port;

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *talker,
				 const void *request, size_t length);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *talker,
				   void *buffer, size_t size);

static struct nlmsghdr *header_of(struct answer *answer)
{
	return (struct nlmsghdr *)(answer->bytes + answer->last);
}

static struct nlmsghdr *add_message(struct answer *answer, int type,
				    const void *payload, size_t length)
{
	struct nlmsghdr *header;

	answer->last = answer->length;
	header = header_of(answer);
	header->nlmsg_len = (unsigned)(NLMSG_HDRLEN + length);
	header->nlmsg_type = (unsigned short)type;
	memcpy(NLMSG_DATA(header), payload, length);
	answer->length += NLMSG_ALIGN(header->nlmsg_len);
	return header;
}

static void add_end(struct answer *answer, int error)
{
	add_message(answer, NLMSG_DONE, &error, sizeof(error));
}

static void add_route(struct answer *answer)
{
	struct rtmsg route = { .rtm_family = AF_INET, .rtm_type = RTN_UNICAST };

	add_message(answer, RTM_NEWROUTE, &route, sizeof(route));
}

static struct nlattr *add_attribute(struct answer *answer, int type,
				    const void *value, size_t length)
{
	struct nlmsghdr *header = header_of(answer);
	struct nlattr *attribute =
		(struct nlattr *)(answer->bytes + answer->length);

	attribute->nla_len = (unsigned short)(NLA_HDRLEN + length);
	attribute->nla_type = (unsigned short)type;
	memcpy(attribute + 1, value, length);
	answer->length += NLA_ALIGN(attribute->nla_len);
	header->nlmsg_len = (unsigned)(answer->length - answer->last);
	return attribute;
}

static struct nlattr *add_interface(struct answer *answer)
{
	unsigned index = LOOPBACK;

	return add_attribute(answer, RTA_OIF, &index, sizeof(index));
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *talker,
				 const void *request, size_t length)
{
	asked_sequence = ((const struct nlmsghdr *)request)->nlmsg_seq;
	asked_port = mnl_socket_get_portid(talker);
	return (ssize_t)length;
}

/* Messages that say nothing of whom they answer answer the question. */
static void address_to(struct answer *answer)
{
	size_t at = 0;

	while (at + NLMSG_HDRLEN <= answer->length) {
		struct nlmsghdr *header =
			(struct nlmsghdr *)(answer->bytes + at);

		header->nlmsg_seq += asked_sequence;
		header->nlmsg_pid += asked_port;
		if (header->nlmsg_len < NLMSG_HDRLEN ||
		    header->nlmsg_len > answer->length)
			return;
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *talker,
				   void *buffer, size_t size)
{
	struct answer end = { .length = 0 };
	struct answer *answer = n_asked < n_answers ? &answers[n_asked] : &end;

	(void)talker;
	if (answer == &end)
		add_end(&end, 0);
	n_asked++;
	if (answer->error) {
		errno = answer->error;
		return -1;
	}
	address_to(answer);
	assert_true(answer->length <= size);
	memcpy(buffer, answer->bytes, answer->length);
	return (ssize_t)answer->length;
}

static void begin(size_t n)
{
	memset(answers, 0, sizeof(answers));
	n_answers = n;
	n_asked = 0;
}

static void count_route(void *data, const struct hd_route *route)
{
	assert_string_equal(route->interface, "lo");
	++*(unsigned *)data;
}

/* What comes of the answers, and how many routes were told. */
static void assert_read(int expected, unsigned n)
{
	unsigned told = 0;

	assert_int_equal(hd_rtnl_read(NULL, 0, count_route, &told), expected);
	assert_int_equal(told, n);
}

/* The same to a question for the way to an address that is this host's own. */
static void assert_read_own(int expected, unsigned n)
{
	const char *const addresses[] = { "192.0.2.1" };
	unsigned told = 0;

	assert_int_equal(hd_rtnl_read(addresses, 1, count_route, &told),
			 expected);
	assert_int_equal(told, n);
}

static void routes_are_told(void **state)
{
	(void)state;
	begin(0);
	assert_read(0, 0);
	begin(1);
	add_route(&answers[0]);
	add_interface(&answers[0]);
	add_route(&answers[0]);
	add_interface(&answers[0]);
	add_end(&answers[0], 0);
	assert_read(0, 2);
}

static void what_is_not_whole_is_unknown(void **state)
{
	static const unsigned lengths[] = { 0,	  4,	     NLMSG_HDRLEN - 1,
					    4096, INT32_MAX, UINT32_MAX };

	(void)state;
	/* No message is none to be read over. */
	begin(1);
	assert_read(-EBADMSG, 0);
	for (size_t i = 0; i < NLMSG_HDRLEN + sizeof(struct rtmsg); i++) {
		begin(1);
		add_route(&answers[0]);
		answers[0].length = i;
		assert_read(-EBADMSG, 0);
	}
	for (size_t i = 0; i < N_ELEMENTS(lengths); i++) {
		begin(1);
		add_route(&answers[0]);
		add_interface(&answers[0]);
		header_of(&answers[0])->nlmsg_len = lengths[i];
		assert_read(-EBADMSG, 0);
	}
	/* A message that is whole, with half of a route. */
	for (size_t i = 0; i < sizeof(struct rtmsg); i++) {
		begin(1);
		add_message(&answers[0], RTM_NEWROUTE, "\2\0\0\0\0\0\0\1\0\0\0",
			    i);
		assert_read(-EBADMSG, 0);
	}
}

static void answers_to_others_are_none(void **state)
{
	(void)state;
	begin(1);
	add_end(&answers[0], 0);
	header_of(&answers[0])->nlmsg_seq = 1;
	assert_read(-EBADMSG, 0);
	begin(1);
	add_end(&answers[0], 0);
	header_of(&answers[0])->nlmsg_pid = 1;
	assert_read(-EBADMSG, 0);
}

static void attributes_must_fit(void **state)
{
	static const unsigned short lengths[] = {
		0, 1, 3, 9, 12, 64, UINT16_MAX
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(lengths); i++) {
		begin(1);
		add_route(&answers[0]);
		add_interface(&answers[0])->nla_len = lengths[i];
		add_end(&answers[0], 0);
		assert_read(-EBADMSG, 0);
		/* What stands before doesn't make up for what is behind. */
		begin(1);
		add_route(&answers[0]);
		add_interface(&answers[0]);
		add_interface(&answers[0])->nla_len = lengths[i];
		add_end(&answers[0], 0);
		assert_read(-EBADMSG, 0);
	}
	/* An index of an interface has four bytes. */
	for (size_t i = 0; i < 4; i++) {
		begin(1);
		add_route(&answers[0]);
		add_attribute(&answers[0], RTA_OIF, "\1\0\0\0", i);
		assert_read(-EBADMSG, 0);
	}
}

static void route_must_lead_somewhere(void **state)
{
	unsigned number = 7;

	(void)state;
	begin(1);
	add_route(&answers[0]);
	add_end(&answers[0], 0);
	assert_read(-EBADMSG, 0);
	begin(1);
	add_route(&answers[0]);
	add_attribute(&answers[0], RTA_NH_ID, &number, sizeof(number));
	add_end(&answers[0], 0);
	assert_read(-EUNATCH, 0);
}

static void ways_must_fit(void **state)
{
	static const unsigned short lengths[] = { 0, 1, 7, 17, UINT16_MAX };
	struct rtnexthop ways[2] = {
		{ .rtnh_len = sizeof(*ways), .rtnh_ifindex = LOOPBACK },
		{ .rtnh_len = sizeof(*ways), .rtnh_ifindex = LOOPBACK },
	};

	(void)state;
	begin(1);
	add_route(&answers[0]);
	add_attribute(&answers[0], RTA_MULTIPATH, ways, sizeof(ways));
	add_end(&answers[0], 0);
	assert_read(0, 2);
	for (size_t i = 0; i < N_ELEMENTS(lengths); i++) {
		ways[0].rtnh_len = lengths[i];
		begin(1);
		add_route(&answers[0]);
		add_attribute(&answers[0], RTA_MULTIPATH, ways, sizeof(ways));
		add_end(&answers[0], 0);
		assert_read(-EBADMSG, 0);
	}
}

static void refusals_are_told(void **state)
{
	int error = -EIO;

	(void)state;
	begin(1);
	add_message(&answers[0], NLMSG_ERROR, &error, sizeof(error));
	assert_read(-EIO, 0);
	begin(1);
	add_end(&answers[0], -ENOBUFS);
	assert_read(-ENOBUFS, 0);
	begin(1);
	add_message(&answers[0], NLMSG_ERROR, &error, 2);
	assert_read(-EBADMSG, 0);
	begin(1);
	add_message(&answers[0], NLMSG_OVERRUN, "", 0);
	assert_read(-ENOBUFS, 0);
	begin(1);
	answers[0].error = ENOSPC;
	assert_read(-ENOSPC, 0);
	/* Without IPv6 there is no route of it. */
	begin(2);
	add_end(&answers[0], 0);
	error = -EAFNOSUPPORT;
	add_message(&answers[1], NLMSG_ERROR, &error, sizeof(error));
	assert_read(0, 0);
}

/* A table that changed while it was told is asked for again, not for ever. */
static void changed_table_is_asked_again(void **state)
{
	(void)state;
	begin(2);
	add_end(&answers[0], 0);
	header_of(&answers[0])->nlmsg_flags = NLM_F_DUMP_INTR;
	add_route(&answers[1]);
	add_interface(&answers[1]);
	add_end(&answers[1], 0);
	assert_read(0, 1);
	begin(8);
	for (size_t i = 0; i < 8; i++) {
		add_end(&answers[i], 0);
		header_of(&answers[i])->nlmsg_flags = NLM_F_DUMP_INTR;
	}
	assert_read(-EINTR, 0);
	assert_in_range(n_asked, 2, 7);
}

/* Nor is an address of nobody what couldn't be read of its owner. */
static void owner_is_told_or_unknown(void **state)
{
	struct rtmsg local = { .rtm_family = AF_INET, .rtm_type = RTN_LOCAL };
	struct ifaddrmsg address = { .ifa_family = AF_INET,
				     .ifa_index = LOOPBACK };
	struct nlattr *attribute;
	int fine = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(4);
		add_end(&answers[0], 0);
		add_end(&answers[1], 0);
		add_message(&answers[2], RTM_NEWROUTE, &local, sizeof(local));
		add_message(&answers[2], NLMSG_ERROR, &fine, sizeof(fine));
		add_message(&answers[3], RTM_NEWADDR, &address,
			    i == 2 ? 4 : sizeof(address));
		if (i < 2) {
			attribute = add_attribute(&answers[3], IFA_LOCAL,
						  "\300\0\2\1", 4);
			attribute->nla_len += i;
		}
		add_end(&answers[3], 0);
		if (i)
			assert_read_own(-EBADMSG, 0);
		else
			assert_read_own(0, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_told),
		cmocka_unit_test(what_is_not_whole_is_unknown),
		cmocka_unit_test(answers_to_others_are_none),
		cmocka_unit_test(attributes_must_fit),
		cmocka_unit_test(route_must_lead_somewhere),
		cmocka_unit_test(ways_must_fit),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(changed_table_is_asked_again),
		cmocka_unit_test(owner_is_told_or_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
