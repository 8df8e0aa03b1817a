// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/newfile.h"
#include "lib/base/print.h"
#include "lib/host/holders.h"
#include "lib/request/config.h"
#include "tools/cli/claimed.h"
#include "tools/verb/rom/shown.h"

struct values {
	const char *save;
};

static void clear_shown(struct hd_shown_rom *shown)
{
	hd_device_clear(&shown->device);
	hd_cardrom_clear(&shown->cardrom);
	hd_findings_clear(&shown->notes);
}

/* To a guest the ROM may be taken away in the middle of its own reading. */
static int refuse_used(struct hd_addr addr, const char *by, struct hd_err *err)
{
	return hd_err_set(err, EBUSY,
			  "the ROM of %s can't be read while it is in use: %s",
			  hd_addr_text(addr).s, by);
}

static int check_claims(const struct hd_tool *tool,
			const struct hd_device *device, struct hd_err *err)
{
	HD_AUTO_CLAIMED struct hd_claimed claimed = HD_CLAIMED_INIT;
	const struct hd_unsettled *unsettled = NULL;
	const struct hd_claim *claim;
	HD_AUTOFREE char *by = NULL;
	int r = hd_claimed_read(tool, &claimed, err);

	if (r < 0)
		return r;
	claim = hd_claimed_find(&claimed, device->addr, &unsettled);
	if (claim && !hd_claim_is_manual(claim)) {
		by = hd_text("guest '%s' has it", claim->domain);
		return by ? refuse_used(device->addr, by, err) :
			    hd_err_nomem(err);
	}
	return hd_claimed_known(&claimed, device->addr) ?
		       0 :
		       refuse_used(
			       device->addr,
			       "not all claims can be read, so a guest may have it",
			       err);
}

/* Who has it from vfio without us: a guest with managed='yes', by another
 * program. */
static int check_holders(const struct hd_tool *tool,
			 const struct hd_device *device, struct hd_err *err)
{
	HD_AUTO_CONFIG struct hd_config config = HD_CONFIG_INIT;
	HD_AUTO_HOLDERS struct hd_holders holders = HD_HOLDERS_INIT;
	const struct hd_nodes nodes = { NULL, 0 };
	HD_AUTOFREE char *by = NULL;
	int r;

	if (!device->vfio)
		return 0;
	r = hd_config_read(&tool->host, &config, err);
	if (r == 0)
		r = hd_holders_find(&tool->host, device, 1, &nodes,
				    config.step_seconds, &holders, err);
	if (r == -EPERM)
		return refuse_used(
			device->addr,
			"what other processes have open can't be seen, so a guest may have it",
			err);
	if (r < 0)
		return r;
	if (holders.n > 0)
		by = hd_text("process %d (%s) has %s open",
			     (int)holders.items[0].pid,
			     holders.items[0].command, holders.items[0].path);
	else if (holders.unknown && !holders.slight)
		by = hd_text("perhaps, as %s", holders.unknown);
	else
		return 0;
	return by ? refuse_used(device->addr, by, err) : hd_err_nomem(err);
}

static int read_shown(const struct hd_tool *tool, struct hd_addr addr,
		      struct hd_shown_rom *ret, struct hd_err *err)
{
	int r;

	if (tool->host.live && geteuid() != 0) {
		hd_err_set(err, EPERM, "only root can read the ROM of %s",
			   hd_addr_text(addr).s);
		hd_err_fix(err, "Run it as root");
		return -EPERM;
	}
	r = hd_device_read(&tool->host, addr, HD_FULL, &ret->device, err);
	if (r == -ENOENT) {
		hd_err_set(err, ENOENT, "this host has no PCI device at %s",
			   hd_addr_text(addr).s);
		hd_err_fix(err, "virt-hostdev list");
	}
	if (r == 0 && tool->host.live)
		r = check_claims(tool, &ret->device, err);
	if (r == 0 && tool->host.live)
		r = check_holders(tool, &ret->device, err);
	return r < 0 ? r :
		       hd_cardrom_read(&tool->host, &ret->device, &ret->cardrom,
				       err);
}

/* That nothing of it was saved isn't that it can't be told. */
static int fail_to_save(struct hd_err *err)
{
	if (err->code != EEXIST)
		err->code = ECANCELED;
	return HD_EXIT_FAILED;
}

static int check_save(const struct hd_tool *tool, const char *save,
		      struct hd_err *err)
{
	if (strcmp(save, "-") != 0)
		return hd_newfile_check(save, "rom", err) < 0 ?
			       fail_to_save(err) :
			       HD_EXIT_FINE;
	if (tool->json)
		hd_err_set(err, EINVAL,
			   "--json and the ROM can't both be standard output");
	else if (isatty(STDOUT_FILENO))
		hd_err_set(err, EINVAL, "a ROM is nothing for a terminal");
	return err->code ? HD_EXIT_USAGE : HD_EXIT_FINE;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	const char *save = ((const struct values *)tool->values)->save;
	HD_AUTO(clear_shown) struct hd_shown_rom shown = { .saved = NULL };
	struct hd_addr addr;
	int status;

	(void)argc;
	if (hd_addr_parse(argv[0], &addr, err) < 0)
		return HD_EXIT_USAGE;
	status = save ? check_save(tool, save, err) : HD_EXIT_FINE;
	if (status != HD_EXIT_FINE)
		return status;
	if (read_shown(tool, addr, &shown, err) < 0) {
		hd_shown_rom_judge_kernel(&shown, NULL);
		hd_print_findings(stderr, &shown.notes, "");
		return HD_EXIT_FAILED;
	}
	if (hd_shown_rom_judge(&shown, err) < 0)
		return HD_EXIT_FAILED;
	if (save && hd_shown_rom_save(&shown, &tool->host, save, err) < 0)
		return fail_to_save(err);
	if (save && !shown.saved)
		hd_print_findings(stderr, &shown.notes, "");
	else
		hd_shown_rom_print(&shown, tool);
	return hd_findings_refuse(&shown.notes) ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

static const struct hd_option options[] = {
	{ 's', "save", "FILE",
	  "write it to FILE, which must not be there yet; - is standard output",
	  offsetof(struct values, save), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_rom = {
	.name = "rom",
	.arguments = "ADDRESS",
	.summary = "Read the expansion ROM of a card, and say what is in it",
	.help = "It is read from the card; where the firmware of the host has put a copy of its own\n"
		"in its place, from there, or of an AMD card from the ACPI table VFCT. A card that a\n"
		"guest uses, or that sleeps, is refused. What can be read in a copy of a host is VFCT\n"
		"alone. FILE is for <rom file=''>: root's, for everybody to read, with a label for\n"
		"guests where SELinux is on.",
	.common = HD_OPT_JSON | HD_OPT_ROOT,
	.options = options,
	.values_size = sizeof(struct values),
	.min_arguments = 1,
	.max_arguments = 1,
	.tells = true,
	.run = run,
};
