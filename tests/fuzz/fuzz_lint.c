// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "xml/domain/domain.h"
#include "xml/lint/lint.h"

/* What a rule may ask of the host: some graphics card, a ROM of it. */
static const struct hd_lint_device devices[] = {
	{ { 0, 1, 0, 0 }, 0x030000, 0x10de, 0x1f06, 1 },
	{ { 0, 0, 2, 0 }, 0x030000, 0x8086, 0x1234, -1 },
};

static int read_rom(void *data, const char *path, struct hd_rom *ret,
		    struct hd_err *err)
{
	(void)data;
	*ret = (struct hd_rom){ .n_images = 1, .has_bios = path[1] == 'b' };
	return path[1] == 'e' ? hd_err_set(err, ENOENT, "%s", path) : 0;
}

/* All findings can be printed, and are about what was parsed. */
static void check_findings(const struct hd_findings *findings,
			   const struct hd_domain *domain)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct hd_finding *finding = &findings->items[i];

		if (!finding->message || !finding->id || !finding->line ||
		    (finding->assign != HD_WHOLE_DOMAIN &&
		     finding->assign >= domain->n_assigns))
			__builtin_trap();
	}
}

static struct hd_seen read_cpus(void *data, struct hd_addr addr, char **ret)
{
	(void)data, (void)addr;
	*ret = strdup("2-3,^3");
	return hd_seen_present();
}

/* What only hd_domain_parse_readable() takes has an error for it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hd_lint_facts facts = { devices, 2, read_rom,
						    read_cpus, NULL };
	HD_AUTO_DOMAIN struct hd_domain strict = { .name = NULL };
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	const char *text = (const char *)data;

	if (hd_domain_parse_readable(text, size, &domain, &err) < 0)
		return 0;
	if (hd_lint(text, size, &facts, &findings, &err) < 0)
		__builtin_trap();
	check_findings(&findings, &domain);
	if (hd_domain_parse(text, size, &strict, NULL) < 0) {
		if (!hd_findings_refuse(&findings))
			__builtin_trap();
	} else if (strict.n_assigns != domain.n_assigns) {
		__builtin_trap();
	}
	return 0;
}
