// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/state/claims.h"
#include "tests/unit/place.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define OTHER "6ba7b811-9dad-11d1-80b4-00c04fd430c8"

/* What couldn't be read isn't written. */
static struct hd_saved attributes[] = {
	{ (char *)"power/control", (char *)"auto", 0 },
	{ (char *)"power/wakeup", NULL, -EIO },
	{ (char *)"reset_method", (char *)"", 0 },
	{ (char *)"net/eth 0/ifalias", (char *)"-a b", 0 },
};

static struct hd_claim_device devices[] = {
	{ .addr = { 0, 1, 0, 0 },
	  .group = 12,
	  .vendor = 0x8086,
	  .device = 0x10d3,
	  .restore = true,
	  .driver = (char *)"e1000e",
	  .attributes = { attributes, N_ELEMENTS(attributes) } },
	{ .addr = { 0x10000, 0xe1, 0x1f, 7 },
	  .vendor = 0x8086,
	  .device = 0x10d3,
	  .override = (char *)"a b%\n" },
};

static struct hd_claim_worker workers[] = {
	{ .addr = { 0, 1, 0, 0 }, .process = { 4712, 99 } },
};

static const struct hd_claim sample = {
	.uuid = UUID,
	.domain = (char *)"-my guest\x01\xc3\xa4",
	.phase = HD_RETURNING,
	.since = 1700000000,
	.daemon = { 4711, 123456789012 },
	.error = (char *)"no way",
	.workers = workers,
	.n_workers = N_ELEMENTS(workers),
	.devices = devices,
	.n_devices = N_ELEMENTS(devices),
};

static const char sample_text[] =
	"virt-hostdev-claim 2\n"
	"domain " UUID " %2dmy%20guest%01%c3%a4 74e0e049\n"
	"state returning 1700000000 4711 123456789012 no%20way 3fe18042\n"
	"worker 0000:01:00.0 4712 99 06d5fec5\n"
	"holds 5 a191ace3\n"
	"device 0000:01:00.0 12 8086:10d3 restore e1000e - d85a1e76\n"
	"attribute 0000:01:00.0 power/control auto 166450e0\n"
	"attribute 0000:01:00.0 reset_method - e0e56f91\n"
	"attribute 0000:01:00.0 net/eth%200/ifalias %2da%20b 4d78cbc9\n"
	"device 10000:e1:1f.7 0 8086:10d3 keep - a%20b%25%0a 700d752e\n"
	"end ea08a6db\n";

/* As virt-hostdev wrote it before claims had sums. */
static const char version_1[] =
	"virt-hostdev-claim 1\n"
	"domain " UUID " %2dmy%20guest%01%c3%a4\n"
	"state returning 1700000000 4711 123456789012 no%20way\n"
	"worker 0000:01:00.0 4712 99\n"
	"device 0000:01:00.0 12 8086:10d3 restore e1000e -\n"
	"attribute 0000:01:00.0 power/control auto\n"
	"attribute 0000:01:00.0 reset_method -\n"
	"attribute 0000:01:00.0 net/eth%200/ifalias %2da%20b\n"
	"device 10000:e1:1f.7 0 8086:10d3 keep - a%20b%25%0a\n"
	"end\n";

static void assert_sample(const struct hd_claim *claim)
{
	assert_string_equal(claim->uuid, UUID);
	assert_string_equal(claim->domain, sample.domain);
	assert_int_equal(claim->phase, HD_RETURNING);
	assert_int_equal(claim->since, 1700000000);
	assert_int_equal(claim->daemon.pid, 4711);
	assert_int_equal(claim->daemon.start, 123456789012);
	assert_string_equal(claim->error, "no way");
	assert_int_equal(claim->n_workers, 1);
	assert_int_equal(claim->workers[0].addr.bus, 1);
	assert_int_equal(claim->workers[0].process.pid, 4712);
	assert_int_equal(claim->workers[0].process.start, 99);
	assert_int_equal(claim->n_devices, 2);
	assert_string_equal(hd_addr_text(claim->devices[1].addr).s,
			    "10000:e1:1f.7");
	assert_int_equal(claim->devices[0].group, 12);
	assert_true(claim->devices[0].restore);
	assert_false(claim->devices[1].restore);
	assert_string_equal(claim->devices[0].driver, "e1000e");
	assert_null(claim->devices[0].override);
	assert_int_equal(claim->devices[0].attributes.n, 3);
	assert_string_equal(claim->devices[0].attributes.items[0].path,
			    "power/control");
	assert_string_equal(claim->devices[0].attributes.items[0].value,
			    "auto");
	assert_string_equal(claim->devices[0].attributes.items[1].value, "");
	assert_string_equal(claim->devices[0].attributes.items[2].path,
			    "net/eth 0/ifalias");
	assert_string_equal(claim->devices[0].attributes.items[2].value,
			    "-a b");
	assert_int_equal(claim->devices[1].attributes.n, 0);
	assert_null(claim->devices[1].driver);
	assert_string_equal(claim->devices[1].override, "a b%\n");
}

static void text_says_all(void **state)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim old = { .domain = NULL };
	HD_AUTOFREE char *text = hd_claim_format(&sample);

	(void)state;
	assert_string_equal(text, sample_text);
	assert_int_equal(hd_claim_parse(text, strlen(text), &claim, NULL), 0);
	assert_sample(&claim);
	assert_int_equal(
		hd_claim_parse(version_1, strlen(version_1), &old, NULL), 0);
	assert_sample(&old);
}

static void assert_damaged(const char *text, size_t n)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int r = hd_claim_parse(text, n, &claim, &err);

	if (r != -EBADMSG && r != -EPROTONOSUPPORT)
		fail_msg("accepted: %.*s", (int)n, text);
	assert_null(claim.domain);
	assert_non_null(err.message);
}

static void every_torn_text_is_found(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(sample_text); n++)
		assert_damaged(sample_text, n);
	for (size_t n = 0; n < strlen(version_1); n++)
		assert_damaged(version_1, n);
}

/* Whether what is left of a text is of the sample, and nothing else. */
static void assert_left(const char *text, size_t n)
{
	HD_AUTO_CLAIM struct hd_claim left = { .domain = NULL };
	const struct hd_claim_device *device;

	assert_int_equal(hd_claim_salvage(text, n, &left, NULL), 0);
	assert_true(left.damaged);
	assert_int_equal(left.phase, left.since ? HD_RETURNING : HD_RUNNING);
	if (left.owned)
		assert_string_equal(left.domain, sample.domain);
	assert_true(left.n_devices <= 2);
	if (left.complete)
		assert_int_equal(left.n_devices, 2);
	for (size_t i = 0; i < left.n_devices; i++) {
		device = hd_claim_find(&sample, left.devices[i].addr);
		assert_non_null(device);
		assert_int_equal(left.devices[i].vendor, device->vendor);
		assert_int_equal(left.devices[i].restore, device->restore);
		assert_string_equal(left.devices[i].driver ?: "",
				    device->driver ?: "");
		assert_string_equal(left.devices[i].override ?: "",
				    device->override ?: "");
	}
}

/* Each byte to each other value; what is left of it is true. */
static void every_wrong_byte_is_found(void **state)
{
	char text[sizeof(sample_text)];
	unsigned one_lost = 0;

	(void)state;
	for (size_t i = 0; i < strlen(sample_text); i++)
		for (int byte = 0; byte < 256; byte++) {
			HD_AUTO_CLAIM struct hd_claim left = { .since = 0 };

			if ((char)byte == sample_text[i])
				continue;
			memcpy(text, sample_text, sizeof(text));
			text[i] = (char)byte;
			assert_damaged(text, strlen(sample_text));
			assert_left(text, strlen(sample_text));
			assert_int_equal(hd_claim_salvage(text,
							  sizeof(text) - 1,
							  &left, NULL),
					 0);
			one_lost += left.n_devices == 1;
			/* Or two lines have become one. */
			assert_true(left.n_devices > 0 ||
				    sample_text[i] == '\n');
		}
	assert_true(one_lost > 0);
	for (size_t n = 0; n < strlen(sample_text); n++)
		assert_left(sample_text, n);
}

static void what_is_left_says_whether_it_is_all(void **state)
{
	HD_AUTO_CLAIM struct hd_claim left = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim old = { .domain = NULL };
	char text[sizeof(sample_text)];

	(void)state;
	memcpy(text, sample_text, sizeof(text));
	strstr(text, "no%20way")[0]++;
	assert_int_equal(hd_claim_salvage(text, strlen(text), &left, NULL), 0);
	assert_true(left.complete && left.owned);
	hd_claim_clear(&left);
	strstr(text, "e1000e")[0]++;
	assert_int_equal(hd_claim_salvage(text, strlen(text), &left, NULL), 0);
	assert_true(!left.complete && left.owned);
	assert_int_equal(left.n_devices, 1);
	/* Without sums nothing can be told. */
	assert_int_equal(
		hd_claim_salvage(version_1, strlen(version_1), &old, NULL), 0);
	assert_true(!old.complete && !old.owned);
	assert_int_equal(old.n_devices, 0);
}

static void group_that_is_not_known(void **state)
{
	struct hd_claim_device device = { .addr = { 0, 1, 0, 0 },
					  .group = 7,
					  .late = true,
					  .restore = true };
	struct hd_claim claim = sample;
	HD_AUTO_CLAIM struct hd_claim read = { .domain = NULL };
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *known = NULL;

	(void)state;
	claim.devices = &device;
	claim.n_devices = 1;
	text = hd_claim_format(&claim);
	assert_non_null(strstr(text, "virt-hostdev-claim 3\n"));
	assert_non_null(strstr(text, "\ndevice 0000:01:00.0 - 0000:0000 "));
	assert_int_equal(hd_claim_parse(text, strlen(text), &read, NULL), 0);
	assert_true(read.devices[0].late);
	assert_int_equal(read.devices[0].group, HD_NO_GROUP);
	/* Once it is, every version that knows sums can read it. */
	device.late = false;
	known = hd_claim_format(&claim);
	assert_non_null(strstr(known, "virt-hostdev-claim 2\n"));
	assert_non_null(strstr(known, "\ndevice 0000:01:00.0 7 "));
}

/* What the host showed on a device, and who worked on the host, has a version
 * that earlier ones leave alone. */
static void screen_is_written_down(void **state)
{
	struct hd_screen_item items[] = {
		{ HD_SCREEN_UNIT, (char *)"lightdm.service", NULL },
		{ HD_SCREEN_CONSOLE, (char *)"(M) frame buffer device", NULL },
		{ HD_SCREEN_PARAMETER, (char *)"nvidia_drm/modeset",
		  (char *)"Y" },
	};
	struct hd_claim_device device = { .addr = { 0, 1, 0, 0 },
					  .group = 7,
					  .restore = true };
	struct hd_claim_worker worker = { .host = true, .process = { 5, 6 } };
	struct hd_claim claim = sample;
	HD_AUTO_CLAIM struct hd_claim read = { .domain = NULL };
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *plain = NULL;
	const struct hd_screen *screen;

	(void)state;
	claim.devices = &device;
	claim.n_devices = 1;
	claim.workers = &worker;
	plain = hd_claim_format(&claim);
	assert_non_null(strstr(plain, "virt-hostdev-claim 4\n"));
	assert_non_null(strstr(plain, "\nworker - 5 6 "));
	device.screen = (struct hd_screen){ items, N_ELEMENTS(items) };
	claim.n_workers = 0;
	text = hd_claim_format(&claim);
	assert_non_null(strstr(text, "virt-hostdev-claim 4\n"));
	assert_non_null(strstr(text, "\nholds 4 "));
	assert_non_null(strstr(
		text,
		"\nscreen 0000:01:00.0 console (M)%20frame%20buffer%20device - "));
	assert_int_equal(hd_claim_parse(text, strlen(text), &read, NULL), 0);
	screen = &read.devices[0].screen;
	assert_int_equal(screen->n, N_ELEMENTS(items));
	for (size_t i = 0; i < N_ELEMENTS(items); i++) {
		assert_int_equal(screen->items[i].kind, items[i].kind);
		assert_string_equal(screen->items[i].name, items[i].name);
	}
	assert_string_equal(screen->items[2].value, "Y");
	assert_null(screen->items[0].value);
}

static void other_versions_are_told_from_damage(void **state)
{
	static const char *const rows[] = {
		"virt-hostdev-claim 5\nwho knows\n",
		"virt-hostdev-claim 0\n",
		"virt-hostdev-claim 17",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

		assert_int_equal(
			hd_claim_parse(rows[i], strlen(rows[i]), &claim, &err),
			-EPROTONOSUPPORT);
		assert_non_null(strstr(err.message, "another version"));
	}
}

static void damage_is_found(void **state)
{
#define H "virt-hostdev-claim 1\n"
#define S "state running 1 2 3 -\n"
#define D "domain " UUID " g\n" S
	static const char *const rows[] = {
		"virt-hostdev-claim 2\n" D "end\n",
		"virt-hostdev-claim \n" D "end\n",
		"virt-hostdev-claim 1x\n" D "end\n",
		H D "holds 0\nend\n",
		H "end\n",
		H D "end\nend\n",
		H D "end\n\n",
		H D D "end\n",
		H "domain g\n" S "end\n",
		H "domain " UUID "\n" S "end\n",
		H "domain " UUID " a b\n" S "end\n",
		H "domain " UUID " a%0\n" S "end\n",
		H "domain " UUID " a%00\n" S "end\n",
		H "domain " UUID " a\tb\n" S "end\n",
		H "domain " UUID " g\nend\n",
		H D S "end\n",
		H "domain " UUID " g\nstate 1 2 3 -\nend\n",
		H "domain " UUID " g\nstate walking 1 2 3 -\nend\n",
		H "domain " UUID " g\nstate running 0 2 3 -\nend\n",
		H "domain " UUID " g\nstate running 1 -2 3 -\nend\n",
		H "domain " UUID " g\nstate running 1 2 3\nend\n",
		H "domain " UUID " g\nstate running 1 2 3 - x\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y z\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore  y\nend\n",
		H D "device 01:00.0 -1 8086:10d3 restore x y\nend\n",
		H D "device 01:00.0 1x 8086:10d3 restore x y\nend\n",
		H D "device 01:00.0 99999999999 8086:10d3 restore x y\nend\n",
		H D "device 01:00.9 1 8086:10d3 restore x y\nend\n",
		H D "device 01:00.0 1 8086:10d3 somebody x y\nend\n",
		H D "device 01:00.0 1 restore x y\nend\n",
		H D "device 01:00.0 1 8086:10D3 restore x y\nend\n",
		H D "device 01:00.0 1 8086:10d3x restore x y\nend\n",
		H D "device 01:00.0 1 8086 restore x y\nend\n",
		H D "guest\nend\n",
		H D "guest g\nend\n",
		H D "guest " OTHER " x\nend\n",
		H D "guest " OTHER "\nguest " OTHER "\nend\n",
		H "domain " UUID " -\nguest " OTHER "\n" S "end\n",
		H D "worker 01:00.0 1\nend\n",
		H D "worker 01:00.0 1 2 3\nend\n",
		H D "worker x 1 2\nend\n",
		H D "attribute 01:00.0 power/control on\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "attribute 01:00.1 power/control on\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "attribute 01:00.0 power/control\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "attribute 01:00.0 power/control on x\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "attribute 01:00.0 - on\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "screen 01:00.0 unit lightdm.service\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "screen 01:00.0 unit - -\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "screen 01:00.0 session session-3.scope -\nend\n",
		H D "device 01:00.0 1 8086:10d3 restore x y\n"
		    "screen 01:00.0 magic a -\nend\n",
		H D "screen 01:00.0 unit lightdm.service -\nend\n",
		H D "unknown\nend\n",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };

		if (hd_claim_parse(rows[i], strlen(rows[i]), &claim, NULL) !=
		    -EBADMSG)
			fail_msg("accepted: %s", rows[i]);
	}
	{
		HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };

		assert_int_equal(hd_claim_parse(H "\0" D "end\n",
						sizeof(H "\0" D "end\n") - 1,
						&claim, NULL),
				 -EBADMSG);
	}
}

static void write_claim(struct place *place, const char *name, const char *text)
{
	HD_AUTOCLOSE int fd = openat(place->store.claims_fd, name,
				     O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void keeps_and_forgets(void **state)
{
	struct place *place = *state;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim none = { .domain = NULL };

	assert_int_equal(hd_claim_load(&place->store, UUID, &none, NULL),
			 -ENOENT);
	assert_int_equal(hd_claim_save(&place->store, &sample, NULL), 0);
	assert_int_equal(hd_claim_save(&place->store, &sample, NULL), 0);
	assert_int_equal(hd_claim_load(&place->store, UUID, &claim, NULL), 0);
	assert_sample(&claim);
	assert_int_equal(hd_claim_remove(&place->store, UUID, NULL), 0);
	assert_int_equal(hd_claim_remove(&place->store, UUID, NULL), 0);
	assert_int_equal(hd_claim_load(&place->store, UUID, &none, NULL),
			 -ENOENT);
}

static bool is_there(const struct place *place, const char *name)
{
	return faccessat(place->store.claims_fd, name, F_OK, 0) == 0;
}

static void leaves_damage_where_it_is(void **state)
{
	struct place *place = *state;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	for (int i = 0; i < 2; i++) {
		write_claim(place, UUID, "torn");
		assert_int_equal(
			hd_claim_load(&place->store, UUID, &claim, &err),
			-EBADMSG);
		assert_non_null(strstr(hd_err_message(&err), UUID));
	}
	assert_int_equal(hd_claim_set_aside(&place->store, UUID, NULL), 0);
	assert_int_equal(hd_claim_set_aside(&place->store, UUID, NULL), 0);
	assert_int_equal(hd_claim_load(&place->store, UUID, &claim, &err),
			 -ENOENT);
	assert_true(is_there(place, UUID ".damaged"));
	/* A second one doesn't take its place. */
	write_claim(place, UUID, "torn");
	assert_int_equal(hd_claim_set_aside(&place->store, UUID, &err),
			 -EEXIST);
	assert_true(is_there(place, UUID));
}

/* As virt-hostdev did before, with what it couldn't read. */
static void whole_claim_gets_its_place_back(void **state)
{
	struct place *place = *state;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim looked = { .domain = NULL };
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	HD_AUTO_CLAIMS struct hd_claims both = HD_CLAIMS_INIT;
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };

	write_claim(place, UUID ".damaged", sample_text);
	place->store.writable = false;
	assert_int_equal(hd_claim_load(&place->store, UUID, &looked, NULL), 0);
	assert_sample(&looked);
	assert_false(is_there(place, UUID));
	place->store.writable = true;
	assert_int_equal(
		hd_claims_load(&place->store, &claims, &findings, NULL), 0);
	assert_int_equal(claims.n, 1);
	assert_int_equal(claims.n_unsettled + findings.n, 0);
	assert_false(is_there(place, UUID ".damaged"));
	assert_int_equal(hd_claim_load(&place->store, UUID, &claim, NULL), 0);
	assert_sample(&claim);
	/* But not that of another one. */
	write_claim(place, UUID ".damaged", sample_text);
	assert_int_equal(hd_claims_load(&place->store, &both, &findings, NULL),
			 0);
	assert_int_equal(both.n, 1);
	assert_int_equal(both.n_unsettled, 1);
	assert_int_equal(both.unsettled[0].left.n_devices, 2);
	assert_int_equal(findings.n, 1);
}

static void trusts_no_other_name(void **state)
{
	struct place *place = *state;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };

	write_claim(place, OTHER, sample_text);
	assert_int_equal(hd_claim_load(&place->store, OTHER, &claim, NULL),
			 -EBADMSG);
	assert_true(is_there(place, OTHER));
}

static void loads_all_but_the_unsettled(void **state)
{
	static const char third[] = "6ba7b812-9dad-11d1-80b4-00c04fd430c8";
	struct place *place = *state;
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	HD_AUTO_CLAIMS struct hd_claims again = HD_CLAIMS_INIT;
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	const struct hd_unsettled *damaged, *foreign;

	assert_int_equal(hd_claim_save(&place->store, &sample, NULL), 0);
	write_claim(place, OTHER, "torn");
	write_claim(place, third, "virt-hostdev-claim 99\n");
	assert_int_equal(
		hd_claims_load(&place->store, &claims, &findings, NULL), 0);
	assert_int_equal(claims.n, 1);
	assert_sample(&claims.items[0]);
	damaged = hd_claims_find_unsettled(&claims, OTHER);
	foreign = hd_claims_find_unsettled(&claims, third);
	assert_true(damaged && !damaged->foreign && !damaged->aside);
	assert_true(foreign && foreign->foreign);
	assert_non_null(strstr(damaged->message, OTHER));
	assert_null(hd_claims_find_unsettled(&claims, UUID));
	/* Said once, and they stay where they are. */
	assert_int_equal(hd_claims_load(&place->store, &again, &findings, NULL),
			 0);
	assert_int_equal(again.n_unsettled, 2);
	assert_int_equal(findings.n, 2);
	assert_int_equal(hd_unsettled_forget(&place->store, damaged, NULL), 0);
	assert_int_equal(hd_unsettled_forget(&place->store, foreign, NULL), 0);
	assert_false(is_there(place, OTHER) || is_there(place, third));
	assert_true(is_there(place, UUID));
}

/* What is kept free comes with the claim, and goes with it. */
static void room_is_kept(void **state)
{
	struct place *place = *state;
	struct hd_claim starting = sample;
	struct stat st;

	starting.phase = HD_STARTING;
	assert_int_equal(hd_claim_save(&place->store, &starting, NULL), 0);
	assert_int_equal(fstatat(place->store.claims_fd, UUID ".spare", &st, 0),
			 0);
	assert_true((size_t)st.st_size > 3 * HD_CLAIM_ERROR_MAX);
	assert_int_equal(st.st_size / 512 <= st.st_blocks, 1);
	assert_int_equal(hd_claim_remove(&place->store, UUID, NULL), 0);
	assert_false(is_there(place, UUID ".spare"));
}

static void prune(struct hd_claim *claim, const char *address,
		  const char *driver, bool vfio)
{
	struct hd_device device = { .addr = addr(address),
				    .driver = (char *)driver,
				    .vfio = vfio };
	const struct hd_inventory now = { .devices = &device, .n_devices = 1 };

	hd_claim_prune(claim, &now);
}

static void device_that_is_given_up_leaves(void **state)
{
	static const char running[] =
		H D "device 0000:01:00.0 1 8086:10d3 restore nic -\n"
		    "device 0000:02:00.0 2 8086:10d3 restore variant -\n"
		    "device 0000:03:00.0 3 8086:10d3 restore - -\n"
		    "device 0000:04:00.0 4 8086:10d3 keep nic -\nend\n";
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };

	(void)state;
	assert_int_equal(hd_claim_parse(running, strlen(running), &claim, NULL),
			 0);
	/* Still with the guest, or nobody can know. */
	prune(&claim, "01:00.0", "vfio-pci", true);
	prune(&claim, "01:00.0", NULL, false);
	prune(&claim, "01:00.0", "other", false);
	prune(&claim, "02:00.0", "variant", true);
	prune(&claim, "03:00.0", "vfio-pci", true);
	prune(&claim, "04:00.0", "nic", false);
	prune(&claim, "05:00.0", "nic", false);
	claim.phase = HD_STARTING; /* libvirt hasn't taken it yet */
	prune(&claim, "01:00.0", "nic", false);
	assert_false(claim.pruned);
	assert_int_equal(claim.n_devices, 4);
	claim.phase = HD_RUNNING;
	prune(&claim, "01:00.0", "nic", false);
	prune(&claim, "03:00.0", NULL, false);
	assert_true(claim.pruned);
	assert_int_equal(claim.n_devices, 2);
	assert_int_equal(claim.devices[0].addr.bus, 2);
	assert_int_equal(claim.devices[1].addr.bus, 4);
}

static void says_whose_it_will_be(void **state)
{
	static const char moving[] = H "domain " UUID " g\nguest " OTHER
				       "\nstate starting 1 2 3 -\nend\n";
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE char *text = NULL;

	(void)state;
	assert_int_equal(hd_claim_parse(moving, strlen(moving), &claim, NULL),
			 0);
	assert_true(hd_claim_is_moving(&claim));
	assert_string_equal(claim.guest, OTHER);
	text = hd_claim_format(&claim);
	assert_non_null(strstr(text, "\nguest " OTHER " "));
	hd_claim_clear(&claim);
	assert_int_equal(hd_claim_parse(text, strlen(text), &claim, NULL), 0);
	assert_string_equal(claim.guest, OTHER);
}

static bool is_late(const void *data, const struct hd_claim_device *device)
{
	return device->addr.bus > *(const int *)data;
}

static void moves_devices(void **state)
{
	static const char from_text[] =
		H D "device 0000:01:00.0 1 8086:10d3 restore nic -\n"
		    "device 0000:02:00.0 2 8086:10d3 restore nic -\n"
		    "device 0000:03:00.0 3 8086:10d3 restore nic -\nend\n";
	static const char to_text[] =
		H D "device 0000:02:00.0 2 8086:10d3 restore first -\nend\n";
	HD_AUTO_CLAIM struct hd_claim from = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim to = { .domain = NULL };
	int last = 1;

	(void)state;
	assert_int_equal(
		hd_claim_parse(from_text, strlen(from_text), &from, NULL), 0);
	assert_int_equal(hd_claim_parse(to_text, strlen(to_text), &to, NULL),
			 0);
	assert_int_equal(hd_claim_move(&from, &to, is_late, &last, NULL), 0);
	assert_int_equal(from.n_devices, 1);
	assert_int_equal(from.devices[0].addr.bus, 1);
	assert_int_equal(to.n_devices, 2);
	assert_string_equal(to.devices[0].driver, "first");
	assert_int_equal(to.devices[1].addr.bus, 3);
}

static void tidies_what_never_came_to_be(void **state)
{
	struct place *place = *state;

	write_claim(place, UUID ".new", "x");
	write_claim(place, UUID ".spare", "x");
	write_claim(place, OTHER ".new", "x");
	write_claim(place, OTHER, "x");
	write_claim(place, "x.new", "x");
	hd_claims_tidy(&place->store);
	assert_false(is_there(place, UUID ".new"));
	assert_false(is_there(place, UUID ".spare"));
	assert_int_equal(
		faccessat(place->store.claims_fd, OTHER ".new", F_OK, 0), 0);
	assert_int_equal(faccessat(place->store.claims_fd, "x.new", F_OK, 0),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_says_all),
		cmocka_unit_test(every_torn_text_is_found),
		cmocka_unit_test(every_wrong_byte_is_found),
		cmocka_unit_test(what_is_left_says_whether_it_is_all),
		cmocka_unit_test(group_that_is_not_known),
		cmocka_unit_test(screen_is_written_down),
		cmocka_unit_test(other_versions_are_told_from_damage),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(device_that_is_given_up_leaves),
		cmocka_unit_test(says_whose_it_will_be),
		cmocka_unit_test(moves_devices),
		cmocka_unit_test_setup_teardown(tidies_what_never_came_to_be,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(keeps_and_forgets, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(leaves_damage_where_it_is,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(whole_claim_gets_its_place_back,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(room_is_kept, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(trusts_no_other_name,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(loads_all_but_the_unsettled,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
