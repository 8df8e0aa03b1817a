// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/request/policy.h"
#include "xml/doc/doc.h"
#include "xml/doc/number.h"
#include "xml/domain/domain.h"
#include "xml/domain/may_ask.h"
#include "xml/domain/place.h"
#include "xml/rewrite/hostdev.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

static int parse(const char *text, struct hd_domain *ret, struct hd_err *err)
{
	return hd_domain_parse(text, strlen(text), ret, err);
}

/* A domain around @devices, on line 1 but for what they break themselves. */
static int parse_devices(const char *devices, struct hd_domain *ret,
			 struct hd_err *err)
{
	HD_AUTOFREE char *text =
		hd_text("<domain><name>g</name><uuid>" UUID
			"</uuid><devices>%s</devices></domain>",
			devices);

	return parse(text, ret, err);
}

static void assert_refused(const char *text, const char *words)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	assert_true(parse(text, &domain, &err) < 0);
	/* Who wants no sentence is told all the same. */
	assert_true(parse(text, &domain, NULL) < 0);
	if (!strstr(hd_err_message(&err), words))
		fail_msg("'%s' lacks '%s'", hd_err_message(&err), words);
	assert_null(strchr(hd_err_message(&err), '\n'));
	assert_null(domain.name);
}

static void numbers_follow_libvirt(void **state)
{
	static const struct {
		const char *text;
		uint32_t max, value;
	} good[] = {
		{ "0", 7, 0 },
		{ "7", 7, 7 },
		{ "010", 0x1f, 8 },
		{ "0x1f", 0x1f, 0x1f },
		{ "0X1F", 0x1f, 0x1f },
		{ "225", 0xff, 0xe1 },
		{ " 3", 7, 3 },
		{ "+3", 7, 3 },
		{ "0x10000", UINT32_MAX, 0x10000 },
		{ "0xffffffff", UINT32_MAX, UINT32_MAX },
		{ "4294967295", UINT32_MAX, UINT32_MAX },
	};
	static const struct {
		const char *text;
		uint32_t max;
	} bad[] = {
		{ "", 7 },
		{ "08", 0xff },
		{ "1f", 0xff },
		{ "e1", 0xff },
		{ "-1", 0xff },
		{ "-0", 0xff },
		{ "3 ", 7 },
		{ "8", 7 },
		{ "0x20", 0x1f },
		{ "0x", 0xff },
		{ "1.0", 0xff },
		{ "4294967296", UINT32_MAX },
		{ "99999999999999999999", UINT32_MAX },
	};
	uint32_t value;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(good); i++) {
		assert_true(hd_number_parse(good[i].text, good[i].max, &value));
		assert_int_equal(value, good[i].value);
	}
	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		if (hd_number_parse(bad[i].text, bad[i].max, &value))
			fail_msg("'%s' was read", bad[i].text);
}

static void reads_all_three_places(void **state)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };

	(void)state;
	assert_int_equal(
		parse_devices(
			"\n<hostdev mode='subsystem' type='pci' managed='yes'>"
			"<driver name='vfio' model='mlx5_vfio_pci'/>"
			"<source><address domain='0x10000' bus='0xe1' slot='010' function='0x7'/></source>"
			"<address type='pci' domain='0x0000' bus='0x09' slot='0x00' function='0x0'/>"
			"</hostdev>\n"
			"<interface type='hostdev'><source>"
			"<address type='pci' bus='0x02' slot='16'/></source></interface>\n"
			"<disk type='nvme' device='disk'>"
			"<source type='pci' managed='no' namespace='1'><address bus='3'/></source></disk>",
			&domain, NULL),
		0);
	assert_string_equal(domain.name, "g");
	assert_string_equal(domain.uuid, UUID);
	assert_int_equal(domain.n_assigns, 3);
	assert_string_equal(hd_addr_text(domain.assigns[0].addr).s,
			    "10000:e1:08.7");
	assert_int_equal(domain.assigns[0].source, HD_SOURCE_HOSTDEV);
	assert_true(domain.assigns[0].managed);
	assert_string_equal(domain.assigns[0].driver, "mlx5_vfio_pci");
	assert_int_equal(domain.assigns[0].line, 2);
	assert_string_equal(hd_addr_text(domain.assigns[1].addr).s,
			    "0000:02:10.0");
	assert_int_equal(domain.assigns[1].source, HD_SOURCE_INTERFACE);
	assert_false(domain.assigns[1].managed);
	assert_null(domain.assigns[1].driver);
	assert_int_equal(domain.assigns[1].line, 3);
	assert_string_equal(hd_addr_text(domain.assigns[2].addr).s,
			    "0000:03:00.0");
	assert_int_equal(domain.assigns[2].source, HD_SOURCE_DISK);
	assert_false(domain.assigns[2].managed);
}

static void managed_has_libvirts_defaults(void **state)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };

	(void)state;
	assert_int_equal(
		parse_devices(
			"<hostdev type='pci'><source><address bus='1'/></source></hostdev>"
			"<interface type='hostdev'><source><address bus='2'/></source></interface>"
			"<disk type='nvme'><source><address bus='3'/></source></disk>",
			&domain, NULL),
		0);
	assert_int_equal(domain.n_assigns, 3);
	assert_false(domain.assigns[0].managed);
	assert_false(domain.assigns[1].managed);
	assert_true(domain.assigns[2].managed);
}

static void reads_backing_stores(void **state)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };

	(void)state;
	assert_int_equal(
		parse_devices(
			"<disk type='file'><source file='/x'/><backingStore type='nvme'>"
			"<source type='pci' managed='yes' namespace='1'><address bus='4'/></source>"
			"<backingStore/></backingStore></disk>",
			&domain, NULL),
		0);
	assert_int_equal(domain.n_assigns, 1);
	assert_int_equal(domain.assigns[0].addr.bus, 4);
	assert_true(domain.assigns[0].managed);
}

static void passes_over_what_is_no_pci(void **state)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };

	(void)state;
	assert_int_equal(
		parse_devices(
			"<hostdev mode='subsystem' type='usb'><source/></hostdev>"
			"<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source/></hostdev>"
			"<hostdev mode='capabilities' type='pci'/>"
			"<interface type='network'><source network='pool'/></interface>"
			"<disk type='file'><source file='/x'/></disk>"
			"<x:hostdev xmlns:x='urn:x' type='pci'/>",
			&domain, NULL),
		0);
	assert_int_equal(domain.n_assigns, 0);
}

static void finds_no_hostdev_outside_devices(void **state)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };

	(void)state;
	assert_int_equal(
		parse("<domain><name>g</name><metadata><a:b xmlns:a='urn:a'>"
		      "<devices><hostdev type='pci'/></devices></a:b></metadata></domain>",
		      &domain, NULL),
		0);
	assert_int_equal(domain.n_assigns, 0);
	assert_string_equal(domain.uuid, "");
}

#define OURS                                                                   \
	"<metadata><other xmlns='urn:other'><x/></other>\n"                    \
	"<h:hostdev xmlns:h='urn:virt-hostdev:1'>"
#define END "</h:hostdev></metadata>"

static void reads_what_is_said_of_siblings(void **state)
{
	static const struct hd_policy policy = HD_POLICY_INIT;
	static const struct {
		const char *metadata;
		enum hd_siblings siblings;
		unsigned line;
	} rows[] = {
		{ "", HD_SIBLINGS_UNSAID, 0 },
		{ "<metadata/>", HD_SIBLINGS_UNSAID, 0 },
		{ OURS END, HD_SIBLINGS_UNSAID, 0 },
		{ OURS "<!-- a --><h:siblings policy='bind'/>" END,
		  HD_SIBLINGS_BIND, 2 },
		{ OURS "\n<h:siblings policy='refuse'/>" END,
		  HD_SIBLINGS_REFUSE, 3 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
		HD_AUTOFREE char *text = hd_text(
			"<domain><name>g</name>%s</domain>", rows[i].metadata);
		struct hd_request request;

		assert_int_equal(parse(text, &domain, NULL), 0);
		request = hd_domain_request(&domain, &policy);
		assert_int_equal(request.siblings, rows[i].siblings);
		assert_int_equal(request.siblings_line, rows[i].line);
		assert_ptr_equal(request.policy, &policy);
	}
}

static void reads_what_may_be_lost(void **state)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	static const struct hd_policy policy = HD_POLICY_INIT;
	struct hd_request request;

	(void)state;
	assert_int_equal(parse("<domain><name>g</name>" OURS
			       "<h:allow address='03:00.0' critical='mount'/>\n"
			       "<h:allow critical='reserved-region' "
			       "address='0000:04:00.1'/>" END "</domain>",
			       &domain, NULL),
			 0);
	request = hd_domain_request(&domain, &policy);
	assert_int_equal(request.n_allows, 2);
	assert_int_equal(request.allows[0].critical, HD_CRITICAL_MOUNT);
	assert_int_equal(request.allows[0].addr.bus, 3);
	assert_int_equal(request.allows[1].critical, HD_CRITICAL_REGION);
	assert_int_equal(request.allows[1].addr.function, 1);
	assert_int_equal(request.allows[0].line, 2);
	assert_int_equal(request.allows[1].line, 3);
}

static void reads_whether_the_screen_is_handed_over(void **state)
{
	static const struct hd_policy policy = HD_POLICY_INIT;
	static const struct {
		const char *metadata;
		enum hd_hand_over hand_over;
		unsigned line;
		size_t n_stops;
	} rows[] = {
		{ OURS END, HD_HAND_OVER_UNSAID, 0, 0 },
		{ OURS "\n<h:display hand-over='no'/>" END, HD_HAND_OVER_NO, 3,
		  0 },
		{ OURS "<h:display hand-over='yes'> <!-- a -->\n"
		       "<h:stop unit='a.service'/>"
		       "<h:stop unit='docker-*'/></h:display>" END,
		  HD_HAND_OVER_YES, 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
		HD_AUTOFREE char *text = hd_text(
			"<domain><name>g</name>%s</domain>", rows[i].metadata);
		struct hd_request request;

		assert_int_equal(parse(text, &domain, NULL), 0);
		request = hd_domain_request(&domain, &policy);
		assert_int_equal(request.hand_over, rows[i].hand_over);
		assert_int_equal(request.hand_over_line, rows[i].line);
		assert_int_equal(request.stops.n, rows[i].n_stops);
		assert_int_equal(hd_hands_over(&request), i == 2);
		assert_int_equal(hd_may_stop(&request, "docker-1.scope"),
				 i == 2);
		assert_int_equal(hd_may_stop(&request, "a.service"), i == 2);
		assert_false(hd_may_stop(&request, "b.service"));
	}
}

/* Of what can't be read nothing is kept: what may be stopped least of all. */
static void keeps_nothing_of_a_display_that_is_wrong(void **state)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	static const char text[] =
		"<domain><name>g</name>" OURS "<h:display hand-over='yes'>"
		"<h:stop unit='a.service'/><h:stop/></h:display>" END
		"</domain>";

	(void)state;
	assert_int_equal(
		hd_domain_parse_readable(text, strlen(text), &domain, NULL), 0);
	assert_int_equal(domain.metadata.hand_over, HD_HAND_OVER_UNSAID);
	assert_int_equal(domain.metadata.stops.n, 0);
}

static void what_may_be_stopped_has_a_limit(void **state)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	static const char begin[] =
		"<domain><name>g</name>" OURS "<h:display hand-over='no'>",
			  stop[] = "<h:stop unit='*'/>",
			  end[] = "</h:display>" END "</domain>";
	HD_AUTOFREE char *text = calloc(
		HD_LIMIT_SAID, strlen(stop) + sizeof(begin) + sizeof(end));

	(void)state;
	assert_non_null(text);
	strcpy(text, begin);
	for (size_t i = 0; i < HD_LIMIT_SAID; i++)
		memcpy(text + strlen(begin) + i * strlen(stop), stop,
		       sizeof(stop));
	strcpy(text + strlen(begin) + HD_LIMIT_SAID * strlen(stop), end);
	assert_int_equal(parse(text, &domain, &err), -E2BIG);
	assert_string_equal(
		hd_err_message(&err),
		"line 2 of the XML: more than 8192 elements in urn:virt-hostdev:1");
}

static void refuses_a_policy_it_does_not_know(void **state)
{
	static const struct {
		const char *metadata, *words;
	} rows[] = {
		{ OURS "<h:siblings policy='take'/>" END,
		  "line 2 of the XML: the policy of <siblings>" },
		{ OURS "<h:siblings/>" END, "the policy of <siblings>" },
		{ OURS "<h:allow address='03:00.0'/>" END,
		  "line 2 of the XML: what is critical in <allow>" },
		{ OURS "<h:allow address='03:00.0' critical='all'/>" END,
		  "what is critical in <allow>" },
		{ OURS "<h:allow critical='mount'/>" END,
		  "<allow> has no address such as 0000:01:00.0" },
		{ OURS "<h:allow address='*' critical='mount'/>" END,
		  "<allow> has no address" },
		{ OURS "\n<h:brothers/>" END,
		  "line 3 of the XML: the element <brothers>" },
		{ OURS "<h:display/>" END,
		  "line 2 of the XML: the hand-over of <display>" },
		{ OURS "<h:display hand-over='yes'/>\n"
		       "<h:display hand-over='yes'/>" END,
		  "line 3 of the XML: <display> is there twice" },
		{ OURS "<h:display hand-over='yes'>\n<h:stop unit='a b'/>"
		       "</h:display>" END,
		  "line 3 of the XML: <stop> takes units that end in .service, .scope, .slice or *, such as" },
		{ OURS "<siblings policy='bind'/>" END,
		  "the element <siblings>" },
		{ "<metadata><h:siblings xmlns:h='urn:virt-hostdev:1'/></metadata>",
		  "the element <siblings>" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTOFREE char *text = hd_text(
			"<domain><name>g</name>%s</domain>", rows[i].metadata);

		assert_refused(text, rows[i].words);
	}
}

static void normalises_uuids(void **state)
{
	static const char *const good[] = {
		UUID, "6BA7B8109DAD11D180B400C04FD430C8",
		"\n  6ba7b810-9dad-11d1-80b4-00c04fd430c8 \n"
	};
	static const char *const bad[] = {
		"6ba7b810-9dad-11d1-80b4-00c04fd430c",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c88",
		"6ba7b810-9dad-11d1-80b4-00c04fd430cg",
		"../../../../../../../../../../etc/x",
		"6ba7b810-9dad 11d1-80b4-00c04fd430c8",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(good); i++) {
		HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
		HD_AUTOFREE char *text = hd_text(
			"<domain><name>g</name><uuid>%s</uuid></domain>",
			good[i]);

		assert_int_equal(parse(text, &domain, NULL), 0);
		assert_string_equal(domain.uuid, UUID);
	}
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		HD_AUTOFREE char *text = hd_text(
			"<domain><name>g</name><uuid>%s</uuid></domain>",
			bad[i]);

		assert_refused(text, "is not a UUID");
	}
}

static void refuses_with_line_and_cause(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "", "empty" },
		{ "no XML", "line 1" },
		{ "<domain>\n<name>g</nam>\n</domain>", "line 2" },
		{ "<domain>\n\n<name>g</name>", "line 3" },
		{ "<network><name>g</name></network>", "is a <network>" },
		{ "<domain xmlns='urn:x'><name>g</name></domain>",
		  "not a <domain>" },
		{ "<domain/>", "no <name>" },
		{ "<domain>\n<name/></domain>", "line 2" },
		{ "<domain><name>g</name><devices>\n<hostdev type='pci'/></devices></domain>",
		  "line 2 of the XML: <hostdev> has no <source>" },
		{ "<domain><name>g</name><devices><hostdev type='pci'><source>\n<address bus='e1'/></source></hostdev></devices></domain>",
		  "line 2 of the XML: bus='e1' is not a number from 0 to 0xff" },
		{ "<domain><name>g</name><devices><hostdev type='pci'><source><address domain='4294967296'/></source></hostdev></devices></domain>",
		  "domain='4294967296' is not a number from 0 to 0xffffffff" },
		{ "<domain><name>g</name><devices><hostdev type='pci'><source><address bus='0x100'/></source></hostdev></devices></domain>",
		  "bus='0x100' is not a number from 0 to 0xff" },
		{ "<domain><name>g</name><devices><hostdev type='pci'><source><address slot='32'/></source></hostdev></devices></domain>",
		  "slot='32' is not a number from 0 to 0x1f" },
		{ "<domain><name>g</name><devices><hostdev type='pci'><source><address function='8'/></source></hostdev></devices></domain>",
		  "function='8' is not a number from 0 to 0x7" },
		{ "<domain><name>g</name><devices><hostdev type='pci' managed='maybe'><source><address/></source></hostdev></devices></domain>",
		  "managed='maybe' is neither yes nor no" },
		{ "<!DOCTYPE domain><domain><name>g</name></domain>",
		  "document type declaration" },
		{ "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n<domain><name>&x;</name></domain>",
		  "document type declaration" },
		{ "<domain><name>&unknown;</name></domain>", "line 1" },
		{ "<domain><name>\xff</name></domain>", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_refused(rows[i].text, rows[i].words);
}

static void refuses_what_is_too_deep_or_too_large(void **state)
{
	enum { DEPTH = 100000 };
	HD_AUTOFREE char *deep = malloc(3 * DEPTH + 1);
	HD_AUTOFREE char *large = malloc(HD_DOC_LIMIT + 2);

	(void)state;
	for (size_t i = 0; i < DEPTH; i++)
		memcpy(deep + 3 * i, "<a>", 3);
	deep[3 * DEPTH] = '\0';
	assert_refused(deep, "line 1");
	memset(large, ' ', HD_DOC_LIMIT + 1);
	large[HD_DOC_LIMIT + 1] = '\0';
	assert_refused(large, "16 MiB");
}

static void writes_what_it_reads(void **state)
{
	static const char *const rows[] = { "0000:00:00.0", "0000:ff:1f.7",
					    "10000:e1:00.0",
					    "ffffffff:00:00.0" };

	(void)state;
	for (size_t i = 0; i < 2 * N_ELEMENTS(rows); i++) {
		HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
		struct hd_addr wanted = addr(rows[i / 2]);
		HD_AUTOFREE char *xml = hd_hostdev_format(&(struct hd_hostdev){
			.addr = wanted, .managed = i % 2 });

		assert_int_equal(parse_devices(xml, &domain, NULL), 0);
		assert_int_equal(domain.n_assigns, 1);
		assert_true(hd_addr_equal(domain.assigns[0].addr, wanted));
		assert_int_equal(domain.assigns[0].managed, i % 2);
	}
}

static void writes_as_libvirt_does(void **state)
{
	HD_AUTOFREE char *xml = hd_hostdev_format(&(struct hd_hostdev){
		.addr = addr("10000:e1:0a.3"), .managed = true });

	(void)state;
	assert_string_equal(
		xml,
		"<hostdev mode='subsystem' type='pci' managed='yes'>\n"
		"  <source>\n"
		"    <address domain='0x10000' bus='0xe1' slot='0x0a' function='0x3'/>\n"
		"  </source>\n"
		"</hostdev>\n");
}

static void most_guests_need_not_be_read(void **state)
{
	static const struct {
		const char *text;
		bool may_ask;
	} rows[] = {
		{ "<domain><name>g</name></domain>", false },
		{ "<domain type='kvm'><name>g</name></domain>\n\n", false },
		{ "<domain\ntype='kvm'/></domain>", false },
		{ "<domain><hostdev/></domain>", true },
		{ "<domain><interface type='hostdev'/></domain>", true },
		{ "<domain><disk type='nvme'/></domain>", true },
		{ "<domain><m xmlns='urn:virt-hostdev:1'/></domain>", true },
		{ "<domain><disk type='&#110;vme'/></domain>", true },
		{ "<domain><name>g</name></domai", true },
		{ "<domain", true },
		{ "</domain>", true },
		{ "<domains><name>g</name></domain>", true },
		{ " <domain></domain>", true },
		{ "", true },
	};
	static const char nul[] = "<domain>\0</domain>";

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (hd_domain_may_ask(rows[i].text, strlen(rows[i].text)) !=
		    rows[i].may_ask)
			fail_msg("wrong: %s", rows[i].text);
	assert_true(hd_domain_may_ask(nul, sizeof(nul) - 1));
}

static void every_devices_element_counts(void **state)
{
	static const char text[] =
		"<domain><name>g</name><devices/><devices>"
		"<hostdev type='pci'><source><address bus='1'/></source></hostdev>"
		"</devices></domain>";
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };

	(void)state;
	assert_int_equal(hd_domain_parse(text, strlen(text), &domain, NULL), 0);
	assert_int_equal(domain.n_assigns, 1);
}

static void finds_the_text_of_a_device(void **state)
{
#define NIC                                                                    \
	"<interface type='hostdev'>\n<source>"                                 \
	"<address bus='0x02'/></source></interface>"
	static const char text[] =
		"<domain><name>g</name><devices><hostdev type='pci'><source>"
		"<address bus='1'/></source></hostdev> " NIC
		"<disk type='file'><backingStore type='nvme'><source>"
		"<address bus='3'/></source></backingStore></disk>"
		"</devices></domain>";
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE char *found = NULL;

	(void)state;
	assert_int_equal(hd_place_text(text, strlen(text),
				       (struct hd_addr){ .bus = 2 }, &found,
				       &err),
			 0);
	assert_string_equal(found, NIC);
	free(hd_steal(&found));
	assert_int_equal(hd_place_text(text, strlen(text),
				       (struct hd_addr){ .bus = 4 }, &found,
				       &err),
			 0);
	assert_null(found);
	assert_true(hd_place_text(text, strlen(text),
				  (struct hd_addr){ .bus = 3 }, &found,
				  &err) < 0);
	assert_non_null(strstr(hd_err_message(&err),
			       "0000:03:00.0 is only a part of a <disk>, and"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_follow_libvirt),
		cmocka_unit_test(reads_all_three_places),
		cmocka_unit_test(managed_has_libvirts_defaults),
		cmocka_unit_test(reads_backing_stores),
		cmocka_unit_test(passes_over_what_is_no_pci),
		cmocka_unit_test(finds_no_hostdev_outside_devices),
		cmocka_unit_test(most_guests_need_not_be_read),
		cmocka_unit_test(reads_what_is_said_of_siblings),
		cmocka_unit_test(reads_whether_the_screen_is_handed_over),
		cmocka_unit_test(keeps_nothing_of_a_display_that_is_wrong),
		cmocka_unit_test(what_may_be_stopped_has_a_limit),
		cmocka_unit_test(reads_what_may_be_lost),
		cmocka_unit_test(refuses_a_policy_it_does_not_know),
		cmocka_unit_test(normalises_uuids),
		cmocka_unit_test(refuses_with_line_and_cause),
		cmocka_unit_test(refuses_what_is_too_deep_or_too_large),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(every_devices_element_counts),
		cmocka_unit_test(writes_as_libvirt_does),
		cmocka_unit_test(finds_the_text_of_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
