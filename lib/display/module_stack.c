// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/module_stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/display/wait.h"
#include "lib/host/look.h"
#include "lib/host/module.h"
#include "lib/host/sysfs.h"

#define PARAMETERS "parameters"
#define HOLDERS "holders"

/* The kernel doesn't tell when a module's reference count falls. */
#define REFERENCES_MS 15

/* Modules stand on each other less deep than this. */
#define DEEP 16

/*
 * Drivers that don't let a card go while modules on top of theirs are loaded.
 * NVIDIA's waits in its remove function, for ever and with the device's lock,
 * until nothing uses the card any more (nv_pci_remove() of the open kernel
 * modules: "Attempting to remove device … with non-zero usage count!"), and
 * nvidia_modeset, with it nvidia_drm, has it in use as long as it is there. All
 * others take what stands on them down with the card.
 */
static const struct {
	const char *driver, *module;
} held[] = {
	{ "nvidia", "nvidia" },
};

static const char *module_of(const struct hd_device *card)
{
	for (size_t i = 0; card->driver && i < sizeof(held) / sizeof(held[0]);
	     i++)
		if (strcmp(held[i].driver, card->driver) == 0)
			return held[i].module;
	return NULL;
}

struct names {
	char **items; /* owned, as each of them */
	size_t n;
};

#define AUTO_NAMES __attribute__((cleanup(clear_names)))

static void clear_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
}

static int add_name(void *data, int dir_fd, const char *name)
{
	struct names *names = data;
	char **slot = hd_array_add(&names->items, &names->n, sizeof(*slot));

	(void)dir_fd;
	if (!slot)
		return -ENOMEM;
	*slot = strdup(name);
	if (*slot)
		return 0;
	names->n--;
	return -ENOMEM;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is in a folder of a module, in order. */
static int list(const struct hd_host *host, const char *module, const char *sub,
		struct names *ret, struct hd_err *err)
{
	int fd = -1;
	struct hd_seen seen = hd_sysfs_open_module(host, module, sub, &fd);
	int r = seen.is == HD_PRESENT ? hd_dir_each(fd, add_name, ret) :
					hd_seen_optional(seen);

	if (ret->n > 1)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
	return hd_look_fail(host, r, err, HD_SYSFS_MODULES "/%s/%s", module,
			    sub);
}

/* Reading them in */

struct reading {
	const struct hd_host *host;
	struct hd_screen *ret;
	struct hd_err *err;
};

/* One that can't be read by anybody has no value that is to be kept. */
static int read_parameter(const struct reading *reading, int dir_fd,
			  const char *module, const char *parameter)
{
	HD_AUTOFREE char *name = hd_text("%s/%s", module, parameter);
	HD_AUTOFREE char *value = NULL;
	bool reads = false, writes;
	struct hd_seen seen =
		hd_sysfs_read_mode(dir_fd, parameter, &reads, &writes);
	int r;

	if (!name)
		return hd_err_nomem(reading->err);
	if (seen.is == HD_PRESENT && reads)
		seen = hd_sysfs_read(dir_fd, parameter, &value);
	r = hd_look_fail(reading->host, hd_seen_optional(seen), reading->err,
			 HD_SYSFS_MODULES "/%s/" PARAMETERS "/%s", module,
			 parameter);
	return r < 0 || !value ?
		       r :
		       hd_screen_fail(hd_screen_add(reading->ret,
						    HD_SCREEN_PARAMETER, name,
						    value),
				      reading->err);
}

static int read_parameters(const struct reading *reading, const char *module)
{
	AUTO_NAMES struct names names = { NULL, 0 };
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen =
		hd_sysfs_open_module(reading->host, module, PARAMETERS, &fd);
	int r = hd_look_fail(reading->host, hd_seen_optional(seen),
			     reading->err, HD_SYSFS_MODULES "/%s/" PARAMETERS,
			     module);

	if (r == 0 && seen.is == HD_PRESENT)
		r = list(reading->host, module, PARAMETERS, &names,
			 reading->err);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = read_parameter(reading, fd, module, names.items[i]);
	return r;
}

/* All that stands on a module, those first that nothing stands on; who stands
 * on several is added once. */
static int read_holders(const struct reading *reading, const char *module,
			unsigned depth)
{
	AUTO_NAMES struct names names = { NULL, 0 };
	int r;

	if (depth == DEEP)
		return hd_err_set(
			reading->err, ELOOP,
			"the modules on top of %s have no end: they can't be unloaded",
			module);
	r = list(reading->host, module, HOLDERS, &names, reading->err);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		r = read_holders(reading, names.items[i], depth + 1);
		if (r == 0)
			r = hd_screen_fail(hd_screen_add(reading->ret,
							 HD_SCREEN_MODULE,
							 names.items[i], NULL),
					   reading->err);
		if (r == 0)
			r = read_parameters(reading, names.items[i]);
	}
	return r;
}

/* Who else is on a driver. */
struct other {
	struct hd_addr card, addr;
};

static int match_other(void *data, int dir_fd, const char *name)
{
	struct other *other = data;

	(void)dir_fd;
	return hd_addr_parse(name, &other->addr, NULL) == 0 &&
	       !hd_addr_equal(other->addr, other->card);
}

int hd_module_stack_is_shared(const struct hd_host *host,
			      const struct hd_device *card, bool *ret,
			      struct hd_addr *ret_other, struct hd_err *err)
{
	const char *module = module_of(card);
	AUTO_NAMES struct names holders = { NULL, 0 };
	struct other other = { .card = card->addr };
	HD_AUTOCLOSE int driver_fd = -1;
	struct hd_seen seen;
	int fd = -1, r;

	*ret = false;
	if (!module)
		return 0;
	r = list(host, module, HOLDERS, &holders, err);
	if (r < 0 || holders.n == 0)
		return r;
	seen = hd_sysfs_open_driver(host, card->driver, &driver_fd);
	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_open_folder(driver_fd, ".", &fd);
	r = seen.is == HD_PRESENT ? hd_dir_each(fd, match_other, &other) :
				    hd_seen_required(seen);
	if (r <= 0)
		return hd_look_fail(host, r, err, HD_SYSFS_PCI "/drivers/%s",
				    card->driver);
	*ret = true;
	*ret_other = other.addr;
	return 0;
}

int hd_module_stack_read(const struct hd_host *host,
			 const struct hd_device *card, struct hd_screen *ret,
			 struct hd_err *err)
{
	const char *module = module_of(card);
	struct reading reading = { host, ret, err };
	struct hd_addr other;
	bool shared;
	int r = hd_module_stack_is_shared(host, card, &shared, &other, err);

	return r < 0 || shared || !module ? r :
					    read_holders(&reading, module, 0);
}

/* Unloading and loading them */

/* What uses a module: its reference count, and who stands on it. */
static int fail_in_use(const struct hd_host *host, const char *module,
		       const char *references, unsigned seconds,
		       struct hd_err *err)
{
	AUTO_NAMES struct names names = { NULL, 0 };
	HD_AUTOFREE char *all = strdup("");
	int r = list(host, module, HOLDERS, &names, err);

	for (size_t i = 0; r == 0 && all && i < names.n; i++) {
		char *more =
			hd_text("%s%s%s", all, i ? ", " : "", names.items[i]);

		free(all);
		all = more;
	}
	if (r < 0 || !all)
		return r < 0 ? r : hd_err_nomem(err);
	return hd_err_set(
		err, EBUSY,
		"it is still in use after %u seconds: its reference count is %s%s%s",
		seconds, references, *all ? ", and on it stand " : "", all);
}

/*
 * Whether a module is there, and how often it is in use: NULL of what is built
 * in, and of a kernel that unloads none.
 */
static int read_references(const struct hd_host *host, const char *module,
			   bool *ret_there, char **ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_sysfs_open_module(host, module, "", &fd);

	*ret = NULL;
	*ret_there = seen.is == HD_PRESENT;
	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_read(fd, "refcnt", ret);
	return hd_look_fail(host, hd_seen_optional(seen), err,
			    HD_SYSFS_MODULES "/%s/refcnt", module);
}

/* Whether it is gone is seen, whatever unloading it said. */
static int unload(const struct hd_host *host, const char *module,
		  bool *ret_there, struct hd_err *err)
{
	HD_AUTOFREE char *references = NULL;
	int r = hd_module_unload(host, module, err);

	if (r < 0 && r != -EAGAIN)
		return r;
	return read_references(host, module, ret_there, &references, err);
}

int hd_display_module_unload(const struct hd_host *host, const char *module,
			     unsigned seconds, struct hd_err *err)
{
	HD_AUTO_WAIT struct hd_wait wait;

	hd_wait_begin(&wait, seconds);
	for (;;) {
		HD_AUTOFREE char *references = NULL;
		bool there;
		int r = read_references(host, module, &there, &references, err);

		if (r == 0 && references && strcmp(references, "0") == 0)
			r = unload(host, module, &there, err);
		if (r < 0 || !there)
			return r;
		if (!hd_wait(&wait, REFERENCES_MS))
			return fail_in_use(host, module,
					   references ? references :
							"not known",
					   seconds, err);
	}
}

int hd_display_module_load(const struct hd_host *host, const char *module,
			   unsigned seconds, struct hd_err *err)
{
	HD_AUTO_WAIT struct hd_wait wait;
	int r = hd_module_load_again(host, module, err);

	if (r < 0)
		return r;
	hd_wait_begin(&wait, seconds);
	for (;;) {
		HD_AUTOFREE char *state = NULL;
		HD_AUTOCLOSE int fd = -1;
		struct hd_seen seen =
			hd_sysfs_open_module(host, module, "", &fd);

		if (seen.is == HD_PRESENT)
			seen = hd_sysfs_read(fd, "initstate", &state);
		r = hd_look_fail(host, hd_seen_optional(seen), err,
				 HD_SYSFS_MODULES "/%s/initstate", module);
		if (r < 0 || (state && strcmp(state, "live") == 0))
			return r;
		if (!hd_wait(&wait, HD_WAIT_MS))
			return hd_err_set(
				err, ETIMEDOUT,
				"it was loaded, but isn't at work after %u seconds: it is %s",
				seconds, state ? state : "gone");
	}
}

/* "nvidia_drm/modeset" */
struct parameter {
	const struct hd_host *host;
	char module[64];
	const char *name;
	struct hd_err *err;
	int fd; /* of the folder with it */
};

static int fail_to_look(const struct parameter *p, int r)
{
	return hd_look_fail(p->host, r, p->err,
			    HD_SYSFS_MODULES "/%s/" PARAMETERS "/%s", p->module,
			    p->name);
}

static int read_value(const struct parameter *p, char **ret)
{
	return fail_to_look(
		p, hd_seen_required(hd_sysfs_read(p->fd, p->name, ret)));
}

static int fail_to_set(const struct parameter *p, const char *was,
		       const char *is, const char *why)
{
	hd_err_set(p->err, EPERM, "it was '%s' and is '%s': %s", was, is, why);
	hd_err_fix(p->err,
		   "Put into a file of /etc/modprobe.d: options %s %s=%s",
		   p->module, p->name, was);
	return -EPERM;
}

static int set_parameter(const struct parameter *p, const char *value)
{
	HD_AUTOFREE char *before = NULL, *after = NULL;
	bool reads, writes;
	int r = read_value(p, &before);

	if (r < 0 || strcmp(before, value) == 0)
		return r;
	r = fail_to_look(p, hd_seen_required(hd_sysfs_read_mode(
				    p->fd, p->name, &reads, &writes)));
	if (r < 0)
		return r;
	if (!writes)
		return fail_to_set(
			p, value, before,
			"it can be set only as the module is loaded");
	/* An empty write never reaches the kernel. */
	r = hd_sysfs_write(p->fd, p->name, *value ? value : "\n");
	if (r < 0)
		return fail_to_set(p, value, before, strerror(-r));
	r = read_value(p, &after);
	if (r < 0 || strcmp(after, value) == 0)
		return r;
	return fail_to_set(p, value, after, "the kernel reported success");
}

int hd_parameter_set(const struct hd_host *host, const char *name,
		     const char *value, struct hd_err *err)
{
	struct parameter p = { .host = host, .err = err, .fd = -1 };
	size_t n = strcspn(name, "/");
	struct hd_seen seen;
	int r;

	p.name = name + n + (name[n] == '/');
	if (n >= sizeof(p.module) || !hd_sysfs_is_name(p.name))
		return hd_err_set(err, EINVAL, "it is no parameter");
	memcpy(p.module, name, n);
	p.module[n] = '\0';
	seen = hd_sysfs_open_module(host, p.module, PARAMETERS, &p.fd);
	r = fail_to_look(&p, hd_seen_required(seen));
	if (r == 0)
		r = set_parameter(&p, value ? value : "");
	hd_auto_close(&p.fd);
	return r;
}
