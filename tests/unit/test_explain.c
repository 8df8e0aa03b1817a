// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/cleanup.h"
#include "lib/explain/explain.h"
#include "lib/explain/finder.h"
#include "lib/explain/log_entry.h"
#include "lib/explain/normal.h"
#include "lib/explain/pattern.h"
#include "lib/explain/stamp.h"

static void assert_squeezed(const char *raw, const char *wanted)
{
	struct hd_normalized text;

	hd_normalize(&text, raw, strlen(raw));
	assert_int_equal(text.n, strlen(wanted));
	assert_memory_equal(text.text, wanted, text.n);
}

static void squeezes_what_pasting_changes(void **state)
{
	(void)state;
	assert_squeezed("A b\tC\r\n", "abc");
	assert_squeezed("\x1b[1;31mred\x1b[0m \x1bx", "redx");
	assert_squeezed("'a' \"b\" `c` \\d \xe2\x80\x98"
			"e\xe2\x80\x99 \xc2\xa0\xef\xbb\xbf",
			"abcde");
	assert_squeezed("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	assert_squeezed("\x1b", "");
	assert_squeezed("\x1b[", "");
	assert_squeezed("\xe2\x80", "\xe2\x80");
}

static void finds_addresses(void **state)
{
	(void)state;
	assert_squeezed("vfio 0000:01:00.0: x", "vfio\1:x");
	assert_squeezed("[00:02.0]", "[\1]");
	assert_squeezed("10000:e1:00.0 pci_0000_01_00_0", "\1\1");
	assert_squeezed("PCI:0000:01:00.0", "pci:\1");
	assert_squeezed("0000:01:\n00.0 a", "\1a");
	assert_squeezed("device\n0000:01:00.0\nx", "device\1x");
	/* Times, versions, what is too long or no slot. */
	assert_squeezed("04:05:06.1", "04:05:06.1");
	assert_squeezed("2026-11-21 04:05:06.123", "2026-11-2104:05:06.123");
	assert_squeezed("01:20.0 01:00.8 01:00.12", "01:20.001:00.801:00.12");
	assert_squeezed("a01:00.0", "a01:00.0");
	assert_squeezed("pci_0000_01_00_x", "pci_0000_01_00_x");
}

static void knows_lines(void **state)
{
	struct hd_normalized text;
	const char raw[] = "ab\n c\n0000:01:\n00.0\n";

	(void)state;
	hd_normalize(&text, raw, strlen(raw));
	assert_int_equal(text.n_lines, 5);
	assert_int_equal(text.lines[1], 2);
	assert_int_equal(text.lines[2], 3);
	assert_int_equal(text.n_addrs, 1);
	assert_int_equal(text.addrs[0].at, 3);
}

static struct hd_pattern_match found;
static size_t n_found;

struct search {
	const struct hd_pattern *patterns;
	const struct hd_normalized *text;
};

static void check(void *data, size_t pattern, size_t at)
{
	const struct search *search = data;

	if (hd_pattern_match(&search->patterns[pattern], search->text, at,
			     &found))
		n_found++;
}

/* How often a signature is found in a text, as hd_explain does. */
static size_t count(const char *signature, const char *raw)
{
	struct hd_pattern pattern;
	struct hd_normalized text;
	struct search search = { &pattern, &text };
	struct hd_finder *finder;

	assert_int_equal(hd_pattern_new(&pattern, signature), 0);
	finder = hd_finder_new(&pattern, 1);
	assert_non_null(finder);
	hd_normalize(&text, raw, strlen(raw));
	n_found = 0;
	hd_finder_scan(finder, &text, check, &search);
	hd_finder_free(finder);
	hd_pattern_clear(&pattern);
	return n_found;
}

static void matches_holes(void **state)
{
	(void)state;
	assert_int_equal(
		count("group %g is not viable", "x Group '14' is NOT viable."),
		1);
	assert_int_equal(found.group, 14);
	assert_int_equal(count("group %g is not viable", "group is not viable"),
			 0);
	assert_int_equal(count("in group %g", "in group 12345678901234"), 1);
	assert_int_equal(found.group, 123456789);
	assert_int_equal(count("%g devices", "1 device, 27 devices"), 1);
	assert_int_equal(found.group, 27);
	assert_int_equal(
		count("probe of %a failed", "probe of 0000:01:00.0 failed"), 1);
	assert_true(found.has_addr);
	assert_int_equal(count("probe of %a failed", "probe of x failed"), 0);
	assert_int_equal(count("a(%*) = -%n end", "a(b, (c) = -d) = -12 end"),
			 1);
	assert_int_equal(count("open %* first %*: denied",
			       "open x first y first z: denied"),
			 1);
	assert_int_equal(count("abc%*", "abc"), 1);
	assert_int_equal(count("abc", "abcabcab"), 2);
}

static void gaps_are_bounded(void **state)
{
	char text[1024] = "begin";

	(void)state;
	memset(text + 5, 'x', HD_PATTERN_GAP);
	strcpy(text + 5 + HD_PATTERN_GAP, "finish");
	assert_int_equal(count("begin%*finish", text), 1);
	memset(text + 5, 'x', HD_PATTERN_GAP + 1);
	strcpy(text + 6 + HD_PATTERN_GAP, "finish");
	assert_int_equal(count("begin%*finish", text), 0);
}

static void refuses_bad_signatures(void **state)
{
	struct hd_pattern pattern;

	(void)state;
	assert_int_equal(hd_pattern_new(&pattern, ""), -EINVAL);
	assert_int_equal(hd_pattern_new(&pattern, "%a%n"), -EINVAL);
	assert_int_equal(hd_pattern_new(&pattern, "a%nb"), -EINVAL);
	assert_int_equal(hd_pattern_new(&pattern, "a %x"), -EINVAL);
	assert_int_equal(hd_pattern_new(&pattern, "a %"), -EINVAL);
}

/* Literals that are in, and at the end of, one another. */
static void finds_all_literals(void **state)
{
	static const char *const signatures[] = { "she", "he", "hers", "his",
						  "she" };
	struct hd_pattern patterns[N_ELEMENTS(signatures)];
	struct hd_normalized text;
	struct search search = { patterns, &text };
	struct hd_finder *finder;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(signatures); i++)
		assert_int_equal(hd_pattern_new(&patterns[i], signatures[i]),
				 0);
	finder = hd_finder_new(patterns, N_ELEMENTS(patterns));
	hd_normalize(&text, "ushers, ahishe", 14);
	n_found = 0;
	hd_finder_scan(finder, &text, check, &search);
	/* she, she, he, hers; his, she, she, he */
	assert_int_equal(n_found, 8);
	hd_finder_free(finder);
	for (size_t i = 0; i < N_ELEMENTS(signatures); i++)
		hd_pattern_clear(&patterns[i]);
}

static void knows_beginnings(void **state)
{
	static const char *const yes[] = {
		"[    1.234567] x",
		"[12.3] x",
		"[Sat Nov 21 04:16:03 2026] x",
		"<6>[    1.2345] x",
		"> [ 1.2] x",
		"Nov 21 04:16:03 host x",
		"Nov  1 04:16:03 x",
		"2026-11-21 04:05:06 x",
		"error: x",
	};
	static const char *const no[] = {
		"",	"x", "[mem 0x1-0x2]", "[1002:67df]", "Note that x",
		"2026", "[", "<6>",	      "Nov",	     "errors: x",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(yes); i++)
		assert_true(hd_log_line_begins(yes[i], strlen(yes[i])));
	for (size_t i = 0; i < N_ELEMENTS(no); i++)
		assert_false(hd_log_line_begins(no[i], strlen(no[i])));
}

/* Every signature of the catalogue can be looked for, every text is there. */
static void catalogue_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < hd_catalogue_n; i++)
		for (const struct hd_entry *e = hd_catalogue[i]; e->id; e++) {
			assert_non_null(e->signatures[0]);
			assert_null(e->signatures[HD_SIGNATURES - 1]);
			if (e->rank >= HD_RANK_NOISE)
				continue;
			assert_non_null(e->title);
			assert_non_null(e->cause);
			assert_non_null(e->how);
			assert_non_null(e->fix);
			assert_int_equal(e->title[strlen(e->title) - 1], '.');
			assert_int_equal(e->cause[strlen(e->cause) - 1], '.');
			/* Else it would be its own consequence. */
			assert_int_equal(e->follows >> e->rank, 0);
		}
}

static void assert_first_line(const char *log, size_t n, const char *wanted)
{
	HD_AUTOCLOSE int fd = memfd_create("log", MFD_CLOEXEC);
	HD_AUTOFREE char *line = NULL;

	assert_int_equal(write(fd, log, n), n);
	assert_int_equal(hd_explain_first_line(fd, 0, &line), 0);
	if (wanted)
		assert_string_equal(line, wanted);
	else
		assert_null(line);
}

static void gives_the_first_line(void **state)
{
	static const char log[] =
		"vfio 0000:01:00.0: error getting device from group 1: x\n"
		"vfio 0000:01:00.0: Unable to power on device, stuck in D3\n";
	static const char old[] = "vfio 0000:01:00.0: group 1 is not viable\n";
	HD_AUTOFREE char *large = malloc(100000);

	(void)state;
	assert_first_line(log, strlen(log),
			  "0000:01:00.0: QEMU can't wake the device.");
	assert_first_line("all is well\n", 12, NULL);
	assert_first_line("", 0, NULL);
	assert_first_line("lstat /dev/vfio/39: no such file", 32,
			  "IOMMU group 39: No device of the IOMMU group is "
			  "bound to a vfio driver.");
	/* Only the end of a log counts. */
	assert_non_null(large);
	memset(large, '\n', 100000);
	memcpy(large, old, strlen(old));
	assert_first_line(large, 100000, NULL);
	memcpy(large + 99000, old, strlen(old));
	assert_first_line(large, 100000,
			  "0000:01:00.0: Another device of the IOMMU group is "
			  "still on a driver of the host.");
}

/* The kernel counts from the boot; who read its log knows when that was. */
static void relates_by_the_kernels_time(void **state)
{
	static const char kernel[] =
		"[  100.500000] vfio_pin_pages_remote: RLIMIT_MEMLOCK (65536) exceeded\n";
	static const char qemu[] =
		"1970-01-12T13:48:30Z qemu: vfio 0000:01:00.0: VFIO_MAP_DMA "
		"failed: Cannot allocate memory\n";
	static const struct {
		int64_t boot;
		size_t n_causes;
	} rows[] = { { 0, 1 },
		     { 1000010, 1 },
		     { 999990, 1 },
		     { 1000100, 2 },
		     { 999900, 2 } };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_EXPLAIN struct hd_explain *explain = hd_explain_new();
		HD_AUTO_REPORT struct hd_report report = { NULL, 0, 0 };

		assert_non_null(explain);
		hd_explain_booted(explain, rows[i].boot);
		hd_explain_feed(explain, kernel, strlen(kernel));
		hd_explain_end(explain);
		hd_explain_booted(explain, 0);
		hd_explain_feed(explain, qemu, strlen(qemu));
		assert_int_equal(hd_explain_report(explain, &report, NULL), 0);
		assert_int_equal(report.n, 2);
		assert_int_equal(report.n_causes, rows[i].n_causes);
	}
}

static void reads_the_kernels_time(void **state)
{
	static const struct {
		const char *line;
		int64_t seconds;
	} rows[] = {
		{ "[    0.000000] Linux", 0 },
		{ "[12345.678901] vfio", 12345 },
		{ "> [    3.5] vfio", 3 },
		{ "[    3] vfio", -1 },
		{ "[   -3.5] vfio", -1 },
		{ "[   3.5 vfio", -1 },
		{ "3.5] vfio", -1 },
		{ "[vfio]", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_int_equal(
			hd_stamp_uptime(rows[i].line, strlen(rows[i].line)),
			rows[i].seconds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(squeezes_what_pasting_changes),
		cmocka_unit_test(finds_addresses),
		cmocka_unit_test(knows_lines),
		cmocka_unit_test(matches_holes),
		cmocka_unit_test(gaps_are_bounded),
		cmocka_unit_test(refuses_bad_signatures),
		cmocka_unit_test(finds_all_literals),
		cmocka_unit_test(knows_beginnings),
		cmocka_unit_test(catalogue_is_whole),
		cmocka_unit_test(gives_the_first_line),
		cmocka_unit_test(relates_by_the_kernels_time),
		cmocka_unit_test(reads_the_kernels_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
