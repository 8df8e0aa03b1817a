// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules on top of drivers, and their parameters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakekernel/screen.h"

struct fk_module *fk_module_find(const struct fk_kernel *k, const char *name)
{
	struct fk_module *module = k->module_list;

	while (module && strcmp(module->name, name) != 0)
		module = module->next;
	return module;
}

static struct fk_node *holders_of(const struct fk_kernel *k, const char *name)
{
	struct fk_node *dir = fk_find(k->modules, name);

	return dir ? fk_find(dir, "holders") : NULL;
}

bool fk_module_is_held(const struct fk_kernel *k, const char *name)
{
	struct fk_node *holders = holders_of(k, name);

	return holders && holders->children;
}

static unsigned count_references(const struct fk_kernel *k, const char *name)
{
	const struct fk_module *module = fk_module_find(k, name);
	const struct fk_node *holders = holders_of(k, name);
	unsigned n = module ? module->used : 0;

	for (const struct fk_node *node = holders ? holders->children : NULL;
	     node; node = node->next)
		n++;
	return n + fk_consoles_use(k, name);
}

static void show_refcnt(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_node *dir = owner;

	fprintf(out, "%u\n", count_references(k, dir->name));
}

const struct fk_attr fk_attr_refcnt = { "refcnt", 0444, show_refcnt, NULL,
					false };

static void show_parameter(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_parameter *parameter = owner;

	(void)k;
	fprintf(out, "%s\n", parameter->value);
}

static int store_parameter(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_parameter *parameter = owner;
	size_t n = strcspn(text, "\n");

	free(parameter->value);
	parameter->value = strndup(text, n);
	if (!parameter->value)
		abort();
	fk_log(k, "parameter %s %s", parameter->name, parameter->value);
	return 0;
}

static const struct fk_attr fixed_parameter = { "", 0444, show_parameter, NULL,
						false };
static const struct fk_attr parameter_attr = { "", 0644, show_parameter,
					       store_parameter, false };

static void appear(struct fk_kernel *k, struct fk_module *module)
{
	struct fk_node *dir = fk_dir(k->modules, module->name), *parameters;

	module->loaded = true;
	fk_text(dir, "initstate", "live\n");
	fk_file(dir, &fk_attr_refcnt, dir);
	fk_dir(dir, "holders");
	for (int i = 0; i < FK_STANDS_ON && module->on[i]; i++)
		fk_link(holders_of(k, module->on[i]), module->name, dir);
	if (!module->parameters)
		return;
	parameters = fk_dir(dir, "parameters");
	for (struct fk_parameter *p = module->parameters; p; p = p->next)
		fk_named_file(parameters, p->name,
			      p->writable ? &parameter_attr : &fixed_parameter,
			      p);
}

int fk_module_load(struct fk_kernel *k, const char *name)
{
	struct fk_module *module = fk_module_find(k, name);

	if (!module)
		return fk_driver_load(k, name);
	if (module->loaded)
		return -EEXIST;
	for (int i = 0; i < FK_STANDS_ON && module->on[i]; i++) {
		int r = fk_module_load(k, module->on[i]);

		if (r < 0 && r != -EEXIST)
			return r;
	}
	for (struct fk_parameter *p = module->parameters; p; p = p->next) {
		free(p->value);
		p->value = fk_strdup(p->fresh);
	}
	appear(k, module);
	fk_log(k, "load %s", name);
	fk_screens_update(k);
	return 0;
}

/* delete_module(2) with O_NONBLOCK */
int fk_module_unload(struct fk_kernel *k, const char *name)
{
	struct fk_module *module = fk_module_find(k, name);

	if (!module || !module->loaded)
		return fk_find(k->modules, name) ? -EBUSY : -ENOENT;
	if (count_references(k, name))
		return -EAGAIN;
	for (int i = 0; i < FK_STANDS_ON && module->on[i]; i++)
		fk_remove(fk_find(holders_of(k, module->on[i]), name));
	fk_remove(fk_find(k->modules, name));
	module->loaded = false;
	fk_log(k, "unload %s", name);
	fk_screens_update(k);
	return 0;
}

/* "NAME=VALUE" or "NAME=VALUE:FRESH" */
static const char *add_parameter(struct fk_kernel *k, struct fk_module *module,
				 const char *text, bool writable)
{
	struct fk_parameter *parameter = fk_zalloc(sizeof(*parameter));
	char *copy = fk_strdup(text), *value = strchr(copy, '='), *fresh;

	parameter->next = module->parameters;
	module->parameters = parameter;
	parameter->kernel = k;
	parameter->writable = writable;
	if (value)
		*value++ = '\0';
	fresh = value ? strchr(value, ':') : NULL;
	if (fresh)
		*fresh++ = '\0';
	parameter->name = fk_strdup(copy);
	parameter->value = fk_strdup(value ? value : "");
	parameter->fresh = fk_strdup(fresh ? fresh : parameter->value);
	free(copy);
	return value ? NULL : "a parameter needs a value";
}

static const char *module_option(struct fk_kernel *k, struct fk_module *module,
				 const char *word, bool *absent)
{
	int i = 0;

	if (strncmp(word, "param:", 6) == 0)
		return add_parameter(k, module, word + 6, false);
	if (strncmp(word, "setting:", 8) == 0)
		return add_parameter(k, module, word + 8, true);
	if (strncmp(word, "used=", 5) == 0) {
		module->used = (unsigned)atoi(word + 5);
		return NULL;
	}
	if (strcmp(word, "absent") == 0) {
		*absent = true;
		return NULL;
	}
	while (i < FK_STANDS_ON && module->on[i])
		i++;
	if (strncmp(word, "on=", 3) != 0 || i == FK_STANDS_ON ||
	    !holders_of(k, word + 3))
		return "an option of module isn't understood";
	module->on[i] = fk_strdup(word + 3);
	return NULL;
}

const char *fk_describe_module(struct fk_kernel *k, char **words)
{
	struct fk_module *module, **slot = &k->module_list;
	const char *wrong = NULL;
	bool absent = false;

	if (!words[0] || fk_find(k->modules, words[0]))
		return "a module without a name of its own";
	module = fk_zalloc(sizeof(*module));
	module->name = fk_strdup(words[0]);
	while (*slot)
		slot = &(*slot)->next;
	*slot = module;
	while (!wrong && *++words)
		wrong = module_option(k, module, *words, &absent);
	if (!wrong && !absent)
		appear(k, module);
	return wrong;
}

static int store_load(struct fk_kernel *k, void *owner, const char *text)
{
	(void)owner;
	return fk_module_load(k, text);
}

static int store_unload(struct fk_kernel *k, void *owner, const char *text)
{
	(void)owner;
	return fk_module_unload(k, text);
}

void fk_module_files(struct fk_kernel *k)
{
	static const struct fk_attr files[] = {
		{ "load", 0200, NULL, store_load, false },
		{ "unload", 0200, NULL, store_unload, false },
	};
	struct fk_node *dir = fk_dir(k->root, "modules");

	dir->fixed = true;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fk_file(dir, &files[i], NULL)->fixed = true;
}
