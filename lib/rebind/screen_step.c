// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/rebind/screen_step.h"

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "lib/display/connector.h"
#include "lib/display/console.h"
#include "lib/display/framebuffer.h"
#include "lib/display/let_go.h"
#include "lib/display/module_stack.h"
#include "lib/display/systemd.h"
#include "lib/host/device.h"
#include "lib/host/sysfs.h"

#define RECOVER "virt-hostdev recover"

/* Whether the card has no driver of the host's, so that nothing comes of
 * waiting for what that would bring. */
static bool is_away(const struct hd_host *host, struct hd_addr card)
{
	struct hd_device now = { .driver = NULL };
	int r = hd_device_read(host, card, HD_BRIEF, &now, NULL);
	bool away = r == -ENOENT || (r == 0 && (!now.driver || now.vfio));

	hd_device_clear(&now);
	return away;
}

static int fail_away(struct hd_addr card, struct hd_err *err)
{
	return hd_err_set(err, ENODEV, "%s isn't back with its driver",
			  hd_addr_text(card).s);
}

int hd_do_stop(const struct hd_host *host, const struct hd_step *step,
	       struct hd_err *err)
{
	return hd_unit_stop(host, step->from, step->seconds, err);
}

char *hd_say_stop(const struct hd_step *step)
{
	return hd_text("%s can't be stopped", step->from);
}

int hd_do_start(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err)
{
	return hd_unit_start(host, step->to, step->seconds, err);
}

char *hd_say_start(const struct hd_step *step)
{
	return hd_text("%s can't be started again", step->to);
}

int hd_do_let_go(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err)
{
	return hd_let_go(host, step->addr, step->seconds, err);
}

char *hd_say_let_go(const struct hd_step *step)
{
	return hd_text("%s can't be taken from the host",
		       hd_addr_text(step->addr).s);
}

int hd_do_vt_off(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err)
{
	return hd_console_set(host, step->from, false, step->seconds, err);
}

char *hd_say_vt_off(const struct hd_step *step)
{
	return hd_text("The consoles can't be taken from '%s'", step->from);
}

int hd_do_vt_on(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err)
{
	if (!is_away(host, step->addr))
		return hd_console_set(host, step->to, true, step->seconds, err);
	/* They may be on another card by now. */
	return hd_console_set(host, step->to, true, 0, NULL) == 0 ?
		       0 :
		       fail_away(step->addr, err);
}

char *hd_say_vt_on(const struct hd_step *step)
{
	return hd_text("The consoles can't be given back to '%s'", step->to);
}

int hd_do_fb_off(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err)
{
	return hd_framebuffer_set(host, step->from, step->value, false, err);
}

char *hd_say_fb_off(const struct hd_step *step)
{
	return hd_text("The firmware's frame buffer %s can't be taken down",
		       step->from);
}

int hd_do_fb_on(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err)
{
	return hd_framebuffer_set(host, step->to, step->value, true, err);
}

char *hd_say_fb_on(const struct hd_step *step)
{
	return hd_text("The firmware's frame buffer %s can't be brought back",
		       step->to);
}

int hd_do_unload(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err)
{
	return hd_display_module_unload(host, step->from, step->seconds, err);
}

char *hd_say_unload(const struct hd_step *step)
{
	return hd_text("Module %s can't be unloaded", step->from);
}

int hd_do_reload(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err)
{
	return hd_display_module_load(host, step->to, step->seconds, err);
}

char *hd_say_reload(const struct hd_step *step)
{
	return hd_text("Module %s can't be loaded again", step->to);
}

int hd_do_set(const struct hd_host *host, const struct hd_step *step,
	      struct hd_err *err)
{
	return hd_parameter_set(host, step->to, step->value, err);
}

char *hd_say_set(const struct hd_step *step)
{
	return hd_text("Parameter %s can't be put back", step->to);
}

int hd_do_screen(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err)
{
	return is_away(host, step->addr) ?
		       fail_away(step->addr, err) :
		       hd_connector_wait(host, step->addr, step->to,
					 step->seconds, err);
}

char *hd_say_screen(const struct hd_step *step)
{
	return hd_text("The screen at %s of %s isn't back", step->to,
		       hd_addr_text(step->addr).s);
}

char *hd_remedy_stop(const struct hd_step *step)
{
	HD_AUTOFREE char *word = hd_quote(step->from);

	return word ? hd_text("See what keeps it: systemctl status %s", word) :
		      NULL;
}

char *hd_remedy_start(const struct hd_step *step)
{
	HD_AUTOFREE char *word = hd_quote(step->to);

	return word ? hd_text("See why: systemctl status %s; then: " RECOVER,
			      word) :
		      NULL;
}

char *hd_remedy_let_go(const struct hd_step *step)
{
	(void)step;
	return hd_text(
		"Let it end, or allow its unit to be stopped: virt-hostdev allow --help");
}

char *hd_remedy_vt(const struct hd_step *step)
{
	(void)step;
	return hd_text("See which consoles there are: grep -r . " HD_SYSFS_CLASS
		       "/vtconsole; then: " RECOVER);
}

char *hd_remedy_unload(const struct hd_step *step)
{
	HD_AUTOFREE char *word = hd_quote(step->from);

	return word ? hd_text("See what uses it: lsmod | grep %s", word) : NULL;
}

char *hd_remedy_reload(const struct hd_step *step)
{
	HD_AUTOFREE char *word = hd_quote(step->to);

	return word ? hd_text("See why: modprobe %s; then: " RECOVER, word) :
		      NULL;
}

char *hd_remedy_again(const struct hd_step *step)
{
	(void)step;
	return hd_text("To try again: " RECOVER);
}
