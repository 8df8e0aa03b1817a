// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/rebind/plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"

#define NO_INVERSE HD_N_STEPS

static const struct {
	const char *name;
	enum hd_step_kind inverse; /* NO_INVERSE when there is none */
	enum hd_stage stage; /* where it is done, unless the plan says else */
	bool device, addr;
} kinds[HD_N_STEPS] = {
	[HD_STEP_LOAD] = { .name = "load",
			   .inverse = NO_INVERSE,
			   .stage = HD_STAGE_LOAD },
	[HD_STEP_OVERRIDE] = { .name = "override",
			       .inverse = HD_STEP_OVERRIDE,
			       .stage = HD_STAGE_DEVICES,
			       .device = true,
			       .addr = true },
	[HD_STEP_UNBIND] = { .name = "unbind",
			     .inverse = HD_STEP_BIND,
			     .stage = HD_STAGE_DEVICES,
			     .device = true,
			     .addr = true },
	[HD_STEP_BIND] = { .name = "bind",
			   .inverse = HD_STEP_UNBIND,
			   .stage = HD_STAGE_DEVICES,
			   .device = true,
			   .addr = true },
	[HD_STEP_RESTORE] = { .name = "restore",
			      .inverse = NO_INVERSE,
			      .stage = HD_STAGE_DEVICES,
			      .device = true,
			      .addr = true },
	[HD_STEP_STOP] = { .name = "stop",
			   .inverse = HD_STEP_START,
			   .stage = HD_STAGE_SCREEN_OFF },
	[HD_STEP_START] = { .name = "start",
			    .inverse = HD_STEP_STOP,
			    .stage = HD_STAGE_SCREEN_ON },
	[HD_STEP_LET_GO] = { .name = "let-go",
			     .inverse = NO_INVERSE,
			     .stage = HD_STAGE_SCREEN_OFF,
			     .addr = true },
	[HD_STEP_VT_OFF] = { .name = "vt-off",
			     .inverse = HD_STEP_VT_ON,
			     .stage = HD_STAGE_SCREEN_OFF },
	[HD_STEP_VT_ON] = { .name = "vt-on",
			    .inverse = HD_STEP_VT_OFF,
			    .stage = HD_STAGE_SCREEN_ON },
	[HD_STEP_FB_OFF] = { .name = "fb-off",
			     .inverse = HD_STEP_FB_ON,
			     .stage = HD_STAGE_SCREEN_OFF },
	[HD_STEP_FB_ON] = { .name = "fb-on",
			    .inverse = HD_STEP_FB_OFF,
			    .stage = HD_STAGE_SCREEN_ON },
	[HD_STEP_UNLOAD] = { .name = "unload",
			     .inverse = HD_STEP_RELOAD,
			     .stage = HD_STAGE_SCREEN_OFF },
	[HD_STEP_RELOAD] = { .name = "reload",
			     .inverse = HD_STEP_UNLOAD,
			     .stage = HD_STAGE_SCREEN_ON },
	[HD_STEP_SET] = { .name = "set",
			  .inverse = NO_INVERSE,
			  .stage = HD_STAGE_SCREEN_ON },
	[HD_STEP_SCREEN] = { .name = "screen",
			     .inverse = NO_INVERSE,
			     .stage = HD_STAGE_SCREEN_ON,
			     .addr = true },
};

const char *hd_step_name(enum hd_step_kind kind)
{
	return kinds[kind].name;
}

bool hd_step_has_device(const struct hd_step *step)
{
	return kinds[step->kind].device;
}

bool hd_step_has_addr(const struct hd_step *step)
{
	return kinds[step->kind].addr;
}

bool hd_step_inverse(const struct hd_step *step, struct hd_step *ret)
{
	enum hd_step_kind inverse = kinds[step->kind].inverse;

	if (inverse == NO_INVERSE ||
	    (step->kind == HD_STEP_STOP && hd_unit_is_scope(step->from)))
		return false;
	*ret = (struct hd_step){ .kind = inverse,
				 .stage = kinds[inverse].stage,
				 .addr = step->addr,
				 .from = step->to,
				 .to = step->from,
				 .value = step->value };
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int add_step(struct hd_plan *plan, enum hd_step_kind kind,
		    struct hd_addr addr, const char *from, const char *to,
		    struct hd_err *err)
{
	struct hd_step *step =
		hd_array_add(&plan->steps, &plan->n_steps, sizeof(*step));

	if (!step)
		return hd_err_nomem(err);
	step->kind = kind;
	step->stage = kinds[kind].stage;
	step->addr = addr;
	step->from = from ? strdup(from) : NULL;
	step->to = to ? strdup(to) : NULL;
	if ((from && !step->from) || (to && !step->to))
		return hd_err_nomem(err);
	return 0;
}

int hd_plan_load(struct hd_plan *plan, const char *driver, struct hd_err *err)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == HD_STEP_LOAD &&
		    strcmp(plan->steps[i].to, driver) == 0)
			return 0;
	return add_step(plan, HD_STEP_LOAD, (struct hd_addr){ 0 }, NULL, driver,
			err);
}

static int add_override(struct hd_plan *plan, struct hd_addr addr,
			const char *from, const char *to, struct hd_err *err)
{
	if (same_text(from, to))
		return 0;
	return add_step(plan, HD_STEP_OVERRIDE, addr, from, to, err);
}

int hd_plan_move(struct hd_plan *plan, const struct hd_device *now,
		 const char *driver, const char *override, struct hd_err *err)
{
	const char *current = now->override;
	int r = 0;

	if (same_text(now->driver, driver))
		return add_override(plan, now->addr, current, override, err);
	if (driver) {
		r = add_override(plan, now->addr, current, driver, err);
		current = driver;
	}
	if (r == 0 && now->driver)
		r = add_step(plan, HD_STEP_UNBIND, now->addr, now->driver, NULL,
			     err);
	if (r == 0 && driver)
		r = add_step(plan, HD_STEP_BIND, now->addr, NULL, driver, err);
	if (r == 0)
		r = add_override(plan, now->addr, current, override, err);
	return r;
}

int hd_plan_restore(struct hd_plan *plan, struct hd_addr addr,
		    const struct hd_attributes *attributes, unsigned patience,
		    struct hd_err *err)
{
	size_t i = 0;
	int r;

	while (i < attributes->n && !attributes->items[i].value)
		i++;
	if (i == attributes->n)
		return 0;
	r = add_step(plan, HD_STEP_RESTORE, addr, NULL, NULL, err);
	if (r < 0)
		return r;
	plan->steps[plan->n_steps - 1].attributes = attributes;
	plan->steps[plan->n_steps - 1].patience = patience;
	return 0;
}

/* A step of the host's screen. */
static int add_screen_step(struct hd_plan *plan, enum hd_step_kind kind,
			   struct hd_addr addr, const char *from,
			   const char *to, const char *value, unsigned seconds,
			   struct hd_err *err)
{
	struct hd_step *step;
	int r = add_step(plan, kind, addr, from, to, err);

	if (r < 0)
		return r;
	step = &plan->steps[plan->n_steps - 1];
	step->seconds = seconds;
	step->value = value ? strdup(value) : NULL;
	return value && !step->value ? hd_err_nomem(err) : 0;
}

/* The steps down for all items of a kind, in the order of the list. */
static int add_down(struct hd_plan *plan, const struct hd_screen *screen,
		    enum hd_screen_kind of, enum hd_step_kind kind,
		    unsigned seconds, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < screen->n; i++)
		if (screen->items[i].kind == of)
			r = add_screen_step(plan, kind, (struct hd_addr){ 0 },
					    screen->items[i].name, NULL,
					    screen->items[i].value, seconds,
					    err);
	return r;
}

int hd_plan_end_users(struct hd_plan *plan, const struct hd_screen *screen,
		      struct hd_err *err)
{
	int r = add_down(plan, screen, HD_SCREEN_UNIT, HD_STEP_STOP,
			 HD_UNIT_SECONDS, err);

	return r < 0 ? r :
		       add_down(plan, screen, HD_SCREEN_SESSION, HD_STEP_STOP,
				HD_UNIT_SECONDS, err);
}

int hd_plan_let_go(struct hd_plan *plan, struct hd_addr addr, unsigned seconds,
		   struct hd_err *err)
{
	return add_screen_step(plan, HD_STEP_LET_GO, addr, NULL, NULL, NULL,
			       seconds, err);
}

int hd_plan_take_down(struct hd_plan *plan, const struct hd_screen *screen,
		      unsigned seconds, struct hd_err *err)
{
	int r = add_down(plan, screen, HD_SCREEN_CONSOLE, HD_STEP_VT_OFF,
			 seconds, err);

	if (r == 0)
		r = add_down(plan, screen, HD_SCREEN_FRAMEBUFFER,
			     HD_STEP_FB_OFF, seconds, err);
	return r < 0 ? r :
		       add_down(plan, screen, HD_SCREEN_MODULE, HD_STEP_UNLOAD,
				seconds, err);
}

/* The steps up for all items of a kind, the last of the list first. */
static int add_up(struct hd_plan *plan, struct hd_addr card,
		  const struct hd_screen *screen, enum hd_screen_kind of,
		  enum hd_step_kind kind, unsigned seconds, struct hd_err *err)
{
	int r = 0;

	for (size_t i = screen->n; r == 0 && i-- > 0;)
		if (screen->items[i].kind == of)
			r = add_screen_step(
				plan, kind, card, NULL, screen->items[i].name,
				screen->items[i].value, seconds, err);
	return r;
}

int hd_plan_bring_up(struct hd_plan *plan, struct hd_addr card,
		     const struct hd_screen *screen, unsigned seconds,
		     struct hd_err *err)
{
	static const struct {
		enum hd_screen_kind of;
		enum hd_step_kind kind;
	} order[] = {
		{ HD_SCREEN_MODULE, HD_STEP_RELOAD },
		{ HD_SCREEN_PARAMETER, HD_STEP_SET },
		{ HD_SCREEN_FRAMEBUFFER, HD_STEP_FB_ON },
		{ HD_SCREEN_CONNECTOR, HD_STEP_SCREEN },
		{ HD_SCREEN_CONSOLE, HD_STEP_VT_ON },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(order) / sizeof(order[0]); i++)
		r = add_up(plan, card, screen, order[i].of, order[i].kind,
			   seconds, err);
	return r;
}

int hd_plan_start_users(struct hd_plan *plan, const struct hd_screen *screen,
			struct hd_err *err)
{
	return add_up(plan, (struct hd_addr){ 0 }, screen, HD_SCREEN_UNIT,
		      HD_STEP_START, HD_UNIT_SECONDS, err);
}

void hd_plan_sort(struct hd_plan *plan)
{
	for (size_t i = 1; i < plan->n_steps; i++) {
		struct hd_step step = plan->steps[i];
		size_t at = i;

		while (at && plan->steps[at - 1].stage > step.stage) {
			plan->steps[at] = plan->steps[at - 1];
			at--;
		}
		plan->steps[at] = step;
	}
}

void hd_plan_cut(struct hd_plan *plan, size_t n)
{
	while (plan->n_steps > n) {
		plan->n_steps--;
		free(plan->steps[plan->n_steps].from);
		free(plan->steps[plan->n_steps].to);
		free(plan->steps[plan->n_steps].value);
	}
}

void hd_plan_clear(struct hd_plan *plan)
{
	hd_plan_cut(plan, 0);
	free(plan->steps);
	*plan = (struct hd_plan){ NULL, 0 };
}
