// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/rebind/plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"

const char *hd_step_name(enum hd_step_kind kind)
{
	static const char *const names[HD_N_STEPS] = {
		[HD_STEP_LOAD] = "load",       [HD_STEP_OVERRIDE] = "override",
		[HD_STEP_UNBIND] = "unbind",   [HD_STEP_BIND] = "bind",
		[HD_STEP_RESTORE] = "restore",
	};

	return names[kind];
}

bool hd_step_has_device(const struct hd_step *step)
{
	return step->kind != HD_STEP_LOAD;
}

bool hd_step_inverse(const struct hd_step *step, struct hd_step *ret)
{
	static const enum hd_step_kind inverses[HD_N_STEPS] = {
		[HD_STEP_OVERRIDE] = HD_STEP_OVERRIDE,
		[HD_STEP_UNBIND] = HD_STEP_BIND,
		[HD_STEP_BIND] = HD_STEP_UNBIND,
	};

	if (step->kind == HD_STEP_LOAD || step->kind == HD_STEP_RESTORE)
		return false;
	*ret = (struct hd_step){ .kind = inverses[step->kind],
				 .addr = step->addr,
				 .from = step->to,
				 .to = step->from };
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

void hd_plan_cut(struct hd_plan *plan, size_t n)
{
	while (plan->n_steps > n) {
		plan->n_steps--;
		free(plan->steps[plan->n_steps].from);
		free(plan->steps[plan->n_steps].to);
	}
}

void hd_plan_clear(struct hd_plan *plan)
{
	hd_plan_cut(plan, 0);
	free(plan->steps);
	*plan = (struct hd_plan){ NULL, 0 };
}
