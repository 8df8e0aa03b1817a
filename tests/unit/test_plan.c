// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/rebind/plan.h"
#include "lib/rebind/step.h"

/* A plan in short: "o:A>B u:A b:B", with "-" for none. */
static char *in_short(const struct hd_plan *plan)
{
	static const char letters[HD_N_STEPS + 1] = "loubr-+wVvFfXxsc";
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct hd_step *step = &plan->steps[i];
		const char *from = step->from ? step->from : "-";
		const char *to = step->to ? step->to : "-";

		fprintf(file, "%s%c:", i ? " " : "", letters[step->kind]);
		if (step->kind == HD_STEP_OVERRIDE)
			fprintf(file, "%s>%s", from, to);
		else
			fputs(step->from ? from : to, file);
		if (step->value)
			fprintf(file, "=%s", step->value);
	}
	fclose(file);
	return text;
}

static void moves_from_anywhere(void **state)
{
	static const struct {
		char *driver, *override; /* now */
		const char *to_driver, *to_override;
		const char *steps;
	} rows[] = {
		/* taking */
		{ "nic", NULL, "vfio-pci", "vfio-pci",
		  "o:->vfio-pci u:nic b:vfio-pci" },
		{ NULL, NULL, "vfio-pci", "vfio-pci",
		  "o:->vfio-pci b:vfio-pci" },
		{ "nic", "nic", "vfio-pci", "vfio-pci",
		  "o:nic>vfio-pci u:nic b:vfio-pci" },
		/* taking what was set up before */
		{ "nic", "vfio-pci", "vfio-pci", "vfio-pci",
		  "u:nic b:vfio-pci" },
		/* giving back */
		{ "vfio-pci", "vfio-pci", "nic", NULL,
		  "o:vfio-pci>nic u:vfio-pci b:nic o:nic>-" },
		{ "vfio-pci", "vfio-pci", "nic", "nic",
		  "o:vfio-pci>nic u:vfio-pci b:nic" },
		{ "vfio-pci", "vfio-pci", "nic", "other",
		  "o:vfio-pci>nic u:vfio-pci b:nic o:nic>other" },
		{ "vfio-pci", "vfio-pci", NULL, NULL,
		  "u:vfio-pci o:vfio-pci>-" },
		{ "vfio-pci", "vfio-pci", NULL, "kept",
		  "u:vfio-pci o:vfio-pci>kept" },
		/* giving back what a failed start left half done */
		{ "nic", "vfio-pci", "nic", NULL, "o:vfio-pci>-" },
		{ NULL, "vfio-pci", "nic", NULL,
		  "o:vfio-pci>nic b:nic o:nic>-" },
		{ NULL, "vfio-pci", NULL, NULL, "o:vfio-pci>-" },
		/* nothing to do */
		{ "nic", NULL, "nic", NULL, "" },
		{ NULL, NULL, NULL, NULL, "" },
		{ "vfio-pci", "vfio-pci", "vfio-pci", "vfio-pci", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
		HD_AUTOFREE char *steps = NULL;
		const struct hd_device now = {
			.addr = addr("01:00.0"),
			.driver = rows[i].driver,
			.override = rows[i].override,
		};

		assert_int_equal(hd_plan_move(&plan, &now, rows[i].to_driver,
					      rows[i].to_override, NULL),
				 0);
		steps = in_short(&plan);
		assert_string_equal(steps, rows[i].steps);
	}
}

/* What the kernel would make of a step. */
static void apply(const struct hd_step *step, const char **driver,
		  const char **override)
{
	const char **what = step->kind == HD_STEP_OVERRIDE ? override : driver;

	if (step->from)
		assert_string_equal(step->from, *what);
	else
		assert_null(*what);
	*what = step->to;
}

static void inverses_lead_back(void **state)
{
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	const struct hd_device now = { .driver = (char *)"nic",
				       .override = (char *)"old" };
	const char *driver = now.driver, *override = now.override;
	struct hd_step inverse;

	(void)state;
	assert_int_equal(hd_plan_move(&plan, &now, "vfio-pci", NULL, NULL), 0);
	assert_int_equal(plan.n_steps, 4);
	for (size_t i = 0; i < plan.n_steps; i++)
		apply(&plan.steps[i], &driver, &override);
	assert_string_equal(driver, "vfio-pci");
	for (size_t i = plan.n_steps; i-- > 0;) {
		assert_true(hd_step_inverse(&plan.steps[i], &inverse));
		apply(&inverse, &driver, &override);
	}
	assert_string_equal(driver, "nic");
	assert_string_equal(override, "old");
	assert_int_equal(hd_plan_load(&plan, "vfio-pci", NULL), 0);
	assert_false(hd_step_inverse(&plan.steps[4], &inverse));
}

/* Last of all, and only when there is something to put back. */
static void puts_back_what_was_read(void **state)
{
	struct hd_saved items[] = { { (char *)"power/wakeup", NULL, -1 },
				    { (char *)"power/control", (char *)"auto",
				      0 } };
	const struct hd_attributes unread = { items, 1 }, both = { items, 2 };
	const struct hd_device now = { .driver = (char *)"vfio-pci" };
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	HD_AUTOFREE char *steps = NULL;
	struct hd_step inverse;

	(void)state;
	assert_int_equal(hd_plan_move(&plan, &now, "nic", "nic", NULL), 0);
	assert_int_equal(
		hd_plan_restore(&plan, addr("01:00.0"), &unread, 7, NULL), 0);
	assert_int_equal(plan.n_steps, 3);
	assert_int_equal(
		hd_plan_restore(&plan, addr("01:00.0"), &both, 7, NULL), 0);
	steps = in_short(&plan);
	assert_string_equal(steps, "o:->nic u:vfio-pci b:nic r:-");
	assert_ptr_equal(plan.steps[3].attributes, &both);
	assert_int_equal(plan.steps[3].patience, 7);
	assert_true(hd_step_is_minor(&plan.steps[3]));
	assert_false(hd_step_is_minor(&plan.steps[2]));
	assert_false(hd_step_inverse(&plan.steps[3], &inverse));
}

static void loads_a_driver_once(void **state)
{
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	HD_AUTOFREE char *steps = NULL;

	(void)state;
	assert_int_equal(hd_plan_load(&plan, "vfio-pci", NULL), 0);
	assert_int_equal(hd_plan_load(&plan, "other", NULL), 0);
	assert_int_equal(hd_plan_load(&plan, "vfio-pci", NULL), 0);
	steps = in_short(&plan);
	assert_string_equal(steps, "l:vfio-pci l:other");
}

/*
 * Down in the order in which one holds the other, and up again: what a later
 * one needs comes first. The order of the plan is that of its stages.
 */
static void screen_goes_down_and_comes_up(void **state)
{
	struct hd_screen_item items[] = {
		{ HD_SCREEN_CONSOLE, (char *)"(M) fb", NULL },
		{ HD_SCREEN_FRAMEBUFFER, (char *)"efi.0", (char *)"efi" },
		{ HD_SCREEN_MODULE, (char *)"nvidia_drm", NULL },
		{ HD_SCREEN_PARAMETER, (char *)"nvidia_drm/modeset",
		  (char *)"Y" },
		{ HD_SCREEN_MODULE, (char *)"nvidia_modeset", NULL },
		{ HD_SCREEN_CONNECTOR, (char *)"DP-1", NULL },
		{ HD_SCREEN_LOST, (char *)"(M) lost", NULL },
		{ HD_SCREEN_UNIT, (char *)"dm.service", NULL },
		{ HD_SCREEN_SESSION, (char *)"session-3.scope", NULL },
		{ HD_SCREEN_UNIT, (char *)"other.service", NULL },
	};
	const struct hd_screen screen = { items, N_ELEMENTS(items) };
	const struct hd_device now = { .addr = addr("01:00.0"),
				       .driver = (char *)"nvidia" };
	const struct hd_device back = { .addr = addr("01:00.0"),
					.driver = (char *)"vfio-pci",
					.override = (char *)"vfio-pci" };
	HD_AUTO_PLAN struct hd_plan down = { NULL, 0 }, up = { NULL, 0 };
	HD_AUTO_SCREEN struct hd_screen kept = { NULL, 0 };
	HD_AUTOFREE char *down_text = NULL;
	HD_AUTOFREE char *up_text = NULL;
	struct hd_step inverse;

	(void)state;
	assert_int_equal(
		hd_plan_move(&down, &now, "vfio-pci", "vfio-pci", NULL), 0);
	down.steps[0].stage = HD_STAGE_OVERRIDE;
	assert_int_equal(hd_plan_end_users(&down, &screen, NULL), 0);
	assert_int_equal(hd_plan_let_go(&down, now.addr, 7, NULL), 0);
	assert_int_equal(hd_plan_take_down(&down, &screen, 7, NULL), 0);
	hd_plan_sort(&down);
	down_text = in_short(&down);
	assert_string_equal(
		down_text,
		"o:->vfio-pci -:dm.service -:other.service -:session-3.scope w:- "
		"V:(M) fb F:efi.0=efi X:nvidia_drm X:nvidia_modeset u:nvidia "
		"b:vfio-pci");
	assert_int_equal(down.steps[4].seconds, 7);
	assert_int_equal(down.steps[1].seconds, HD_UNIT_SECONDS);
	/* A session that ended is over. */
	assert_true(hd_step_inverse(&down.steps[1], &inverse));
	assert_false(hd_step_inverse(&down.steps[3], &inverse));

	assert_int_equal(hd_screen_keep(&kept, &screen), 0);
	assert_int_equal(kept.n, screen.n - 2);
	assert_int_equal(hd_plan_start_users(&up, &kept, NULL), 0);
	up.steps[0].stage = up.steps[1].stage = HD_N_STAGES;
	assert_int_equal(hd_plan_bring_up(&up, back.addr, &kept, 7, NULL), 0);
	assert_int_equal(hd_plan_move(&up, &back, "nvidia", NULL, NULL), 0);
	hd_plan_sort(&up);
	up_text = in_short(&up);
	assert_string_equal(
		up_text,
		"o:vfio-pci>nvidia u:vfio-pci b:nvidia o:nvidia>- "
		"x:nvidia_modeset x:nvidia_drm s:nvidia_drm/modeset=Y f:efi.0=efi "
		"c:DP-1 v:(M) fb +:other.service +:dm.service");
}

/* A kind without its rows has no name, can't say that it failed, or undoes
 * itself with another's inverse. */
static void every_kind_has_its_rows(void **state)
{
	(void)state;
	for (int kind = 0; kind < HD_N_STEPS; kind++) {
		const struct hd_step step = { .kind = (enum hd_step_kind)kind,
					      .addr = addr("01:00.0"),
					      .from = (char *)"a",
					      .to = (char *)"b" };
		HD_AUTOFREE char *failure = hd_step_failure(&step);
		struct hd_step back, again;

		HD_AUTOFREE char *remedy = hd_step_remedy(&step);

		assert_non_null(hd_step_name(step.kind));
		assert_non_null(failure);
		assert_non_null(remedy);
		if (!hd_step_inverse(&step, &back))
			continue;
		assert_true(hd_step_inverse(&back, &again));
		assert_int_equal(again.kind, step.kind);
		assert_string_equal(again.from, step.from);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_from_anywhere),
		cmocka_unit_test(puts_back_what_was_read),
		cmocka_unit_test(loads_a_driver_once),
		cmocka_unit_test(screen_goes_down_and_comes_up),
		cmocka_unit_test(inverses_lead_back),
		cmocka_unit_test(every_kind_has_its_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
