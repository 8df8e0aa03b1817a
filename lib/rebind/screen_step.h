/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REBIND_SCREEN_STEP_H
#define HD_LIB_REBIND_SCREEN_STEP_H

#include "lib/base/err.h"
#include "lib/host/host.h"
#include "lib/rebind/plan.h"

/* Between step.c and its steps of the host's screen: for each of them what does
 * it and verifies it, and what it is in words. */

int hd_do_stop(const struct hd_host *host, const struct hd_step *step,
	       struct hd_err *err);
char *hd_say_stop(const struct hd_step *step);
int hd_do_start(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err);
char *hd_say_start(const struct hd_step *step);
int hd_do_let_go(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err);
char *hd_say_let_go(const struct hd_step *step);
int hd_do_vt_off(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err);
char *hd_say_vt_off(const struct hd_step *step);
int hd_do_vt_on(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err);
char *hd_say_vt_on(const struct hd_step *step);
int hd_do_fb_off(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err);
char *hd_say_fb_off(const struct hd_step *step);
int hd_do_fb_on(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err);
char *hd_say_fb_on(const struct hd_step *step);
int hd_do_unload(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err);
char *hd_say_unload(const struct hd_step *step);
int hd_do_reload(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err);
char *hd_say_reload(const struct hd_step *step);
int hd_do_set(const struct hd_host *host, const struct hd_step *step,
	      struct hd_err *err);
char *hd_say_set(const struct hd_step *step);
int hd_do_screen(const struct hd_host *host, const struct hd_step *step,
		 struct hd_err *err);
char *hd_say_screen(const struct hd_step *step);

/* See hd_step_remedy(). */
char *hd_remedy_stop(const struct hd_step *step);
char *hd_remedy_start(const struct hd_step *step);
char *hd_remedy_let_go(const struct hd_step *step);
char *hd_remedy_vt(const struct hd_step *step);
char *hd_remedy_unload(const struct hd_step *step);
char *hd_remedy_reload(const struct hd_step *step);
char *hd_remedy_again(const struct hd_step *step);

#endif
