// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fakekernel/kernel.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakekernel/call.h"
#include "tests/fakekernel/control.h"
#include "tests/fakekernel/screen.h"

static struct fk_node *fixed(struct fk_node *node)
{
	node->fixed = true;
	return node;
}

static struct fk_node *fixed_dir(struct fk_node *parent, const char *name)
{
	return fixed(fk_dir(parent, name));
}

static void build_skeleton(struct fk_kernel *k)
{
	struct fk_node *pci;

	k->root = fixed_dir(NULL, "");
	k->sys = fixed_dir(k->root, "sys");
	k->dev_vfio = fixed_dir(k->root, "dev-vfio");
	pci = fixed_dir(fixed_dir(k->sys, "bus"), "pci");
	k->devices = fixed_dir(pci, "devices");
	k->drivers = fixed_dir(pci, "drivers");
	fixed(fk_file(pci, &fk_attr_drivers_probe, NULL));
	fixed(fk_file(pci, &fk_attr_rescan, NULL));
	fixed(fk_text(pci, "drivers_autoprobe", "1\n"));
	k->real = fixed_dir(k->sys, "devices");
	k->groups_dir = fixed_dir(fixed_dir(k->sys, "kernel"), "iommu_groups");
	k->modules = fixed_dir(k->sys, "module");
	fk_control_files(k);
	fk_module_files(k);
}

struct fk_kernel *fk_kernel_new(char *description)
{
	struct fk_kernel *k = fk_zalloc(sizeof(*k));

	k->description = description;
	build_skeleton(k);
	return k;
}

static void free_drivers(struct fk_kernel *k)
{
	struct fk_driver *driver, *next;
	struct fk_id *id, *next_id;

	for (driver = k->driver_list; driver; driver = next) {
		next = driver->next;
		for (id = driver->ids; id; id = next_id) {
			next_id = id->next;
			free(id);
		}
		free(driver->name);
		free(driver->module);
		free(driver);
	}
	k->driver_list = NULL;
}

static void free_extras(struct fk_extra *extra)
{
	struct fk_extra *next;

	for (; extra; extra = next) {
		next = extra->next;
		free(extra->driver);
		free(extra->path);
		free(extra->text);
		free(extra);
	}
}

static void free_devices(struct fk_kernel *k)
{
	struct fk_device *device, *next;

	for (device = k->device_list; device; device = next) {
		next = device->next;
		free_extras(device->extras);
		if (device->rom)
			free(device->rom->data);
		free(device->rom);
		free(device->override);
		free(device);
	}
	k->device_list = k->last_device = NULL;
}

static void clear(struct fk_kernel *k)
{
	struct fk_group *group, *next;

	fk_calls_abandon(k);
	fk_faults_clear(k);
	fk_prune(k->root);
	fk_screens_clear(k);
	free_drivers(k);
	free_devices(k);
	for (group = k->group_list; group; group = next) {
		next = group->next;
		free(group);
	}
	k->group_list = NULL;
	k->vfio_number = k->n_leaders = 0;
}

int fk_kernel_reset(struct fk_kernel *k, char *error, size_t size)
{
	int r;

	clear(k);
	r = fk_describe(k, k->description, error, size);
	k->writes = 0;
	k->log_length = 0;
	return r;
}

void fk_kernel_free(struct fk_kernel *k)
{
	clear(k);
	fk_tree_free(k->root);
	free(k->description);
	free(k->log);
	free(k);
}

static void log_grow(struct fk_kernel *k, size_t more)
{
	while (k->log_length + more > k->log_size) {
		k->log_size = k->log_size ? 2 * k->log_size : 4096;
		k->log = realloc(k->log, k->log_size);
		if (!k->log)
			abort();
	}
}

void fk_log(struct fk_kernel *k, const char *format, ...)
{
	char *line;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0)
		abort();
	log_grow(k, (size_t)n + 1);
	memcpy(k->log + k->log_length, line, (size_t)n);
	k->log_length += (size_t)n;
	k->log[k->log_length++] = '\n';
	free(line);
}

char *fk_quote(const char *text)
{
	char *quoted, *end;

	if (!text)
		return fk_strdup("-");
	quoted = end = fk_zalloc(3 * strlen(text) + 1);
	for (; *text; text++) {
		if (isgraph((unsigned char)*text) && *text != '%')
			*end++ = *text;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*text);
	}
	return quoted;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct fk_device *const *x = a, *const *y = b;
	unsigned long dx = strtoul((*x)->addr, NULL, 16);
	unsigned long dy = strtoul((*y)->addr, NULL, 16);

	if (dx != dy)
		return dx < dy ? -1 : 1;
	return strcmp((*x)->addr, (*y)->addr);
}

static void print_device(const struct fk_device *device, FILE *out)
{
	char *override = fk_quote(device->override);

	fprintf(out, "%s %s %s", device->addr,
		device->driver ? device->driver->name : "-", override);
	if (device->sriov_total)
		fprintf(out, " numvfs=%u", device->numvfs);
	fputc('\n', out);
	free(override);
}

void fk_state_print(struct fk_kernel *k, FILE *out)
{
	const struct fk_device **sorted, *device;
	size_t n = 0;

	for (device = k->device_list; device; device = device->next)
		n++;
	sorted = fk_zalloc((n + 1) * sizeof(*sorted));
	n = 0;
	for (device = k->device_list; device; device = device->next)
		if (device->present)
			sorted[n++] = device;
	qsort(sorted, n, sizeof(*sorted), compare_addresses);
	for (size_t i = 0; i < n; i++)
		print_device(sorted[i], out);
	free(sorted);
	fk_screens_print(k, out);
}

struct fk_device *fk_device_find(const struct fk_kernel *k, const char *addr)
{
	struct fk_device *device = k->device_list;

	while (device && strcmp(device->addr, addr) != 0)
		device = device->next;
	return device;
}

struct fk_device *fk_device_by_text(const struct fk_kernel *k, const char *text)
{
	size_t n = strcspn(text, "\n");
	char addr[FK_ADDR_SIZE];
	struct fk_device *device;

	if (n >= sizeof(addr) || (text[n] && text[n + 1]))
		return NULL;
	memcpy(addr, text, n);
	addr[n] = '\0';
	device = fk_device_find(k, addr);
	return device && device->present ? device : NULL;
}

struct fk_driver *fk_driver_find(const struct fk_kernel *k, const char *name)
{
	struct fk_driver *driver = k->driver_list;

	while (driver && strcmp(driver->name, name) != 0)
		driver = driver->next;
	return driver;
}
