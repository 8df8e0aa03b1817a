// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a PCI device in sysfs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakekernel/kernel.h"

#define PAGE 4096
#define N_RESOURCES 13
#define ROM_RESOURCE 6

static void show_vendor(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "0x%04x\n", device->vendor);
}

static void show_device(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "0x%04x\n", device->device);
}

static void show_class(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "0x%06x\n", device->class_code);
}

static void show_subvendor(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "0x%04x\n", device->subvendor);
}

static void show_subdevice(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "0x%04x\n", device->subdevice);
}

static void show_revision(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "0x%02x\n", device->revision);
}

static void show_numa_node(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "%d\n", device->numa_node);
}

static void show_modalias(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *d = owner;

	(void)k;
	fprintf(out, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", d->vendor,
		d->device, d->subvendor, d->subdevice, d->class_code >> 16,
		(d->class_code >> 8) & 0xff, d->class_code & 0xff);
}

static void show_irq(struct fk_kernel *k, void *owner, FILE *out)
{
	(void)k, (void)owner;
	fputs("0\n", out);
}

static void show_resource(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;
	bool shadow = device->rom && device->rom->shadow;

	(void)k;
	for (int i = 0; i < N_RESOURCES; i++)
		if (i == ROM_RESOURCE && device->rom)
			fprintf(out, "0x%016x 0x%016x 0x%016x\n",
				shadow ? 0xc0000 : 0xfb000000,
				shadow ? 0xdffff : 0xfb07ffff,
				shadow ? 0x202 : 0x46200);
		else
			fprintf(out, "0x%016x 0x%016x 0x%016x\n", 0, 0, 0);
}

/* pci_read_rom(), which maps the ROM anew each time. */
int fk_rom_check(const struct fk_rom *rom, size_t offset)
{
	if (!rom->shown)
		return -EINVAL;
	return !rom->size || (rom->breaks && offset >= rom->breaks) ? -EIO : 0;
}

static void show_rom(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_rom *rom = ((const struct fk_device *)owner)->rom;

	(void)k;
	fwrite(rom->data, 1, rom->breaks ? rom->breaks : rom->size, out);
}

/* pci_write_rom() */
static int store_rom(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_device *device = owner;
	bool shown = !(*text == '0' && strlen(text) == 2);

	if (shown != device->rom->shown)
		fk_log(k, "rom %s %s", device->addr,
		       shown ? "shown" : "hidden");
	device->rom->shown = shown;
	return 0;
}

const struct fk_attr fk_attr_rom = { "rom", 0600, show_rom, store_rom, false };

static void put16(unsigned char *config, unsigned offset, unsigned value)
{
	config[offset] = value & 0xff;
	config[offset + 1] = (value >> 8) & 0xff;
}

/* The standard header, as much as lspci wants to see. */
static void show_config(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;
	unsigned char config[64] = { 0 };

	(void)k;
	put16(config, 0x00, device->vendor);
	put16(config, 0x02, device->device);
	config[0x08] = device->revision & 0xff;
	config[0x09] = device->class_code & 0xff;
	put16(config, 0x0a, device->class_code >> 8);
	config[0x0e] = device->bridge ? 1 : 0;
	if (!device->bridge) {
		put16(config, 0x2c, device->subvendor);
		put16(config, 0x2e, device->subdevice);
	}
	fwrite(config, 1, sizeof(config), out);
}

static void show_override(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "%s\n", device->override ? device->override : "(null)");
}

/* driver_set_override() */
static int store_override(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_device *device = owner;
	size_t n = strcspn(text, "\n");
	char *before, *after;

	if (strlen(text) >= PAGE - 1)
		return -EINVAL;
	before = fk_quote(device->override);
	free(device->override);
	device->override = n ? strndup(text, n) : NULL;
	after = fk_quote(device->override);
	if (strcmp(before, after) != 0)
		fk_log(k, "override %s %s %s", device->addr, before, after);
	free(before);
	free(after);
	return 0;
}

static int store_remove(struct fk_kernel *k, void *owner, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || (*end && *end != '\n'))
		return -EINVAL;
	return value ? fk_device_remove(k, owner) : 0;
}

static void show_totalvfs(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "%u\n", device->sriov_total);
}

static void show_numvfs(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_device *device = owner;

	(void)k;
	fprintf(out, "%u\n", device->numvfs);
}

/* sriov_numvfs_store() */
static int store_numvfs(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_device *device = owner;
	char *end;
	unsigned long n = strtoul(text, &end, 0);
	int r;

	if (end == text || (*end && *end != '\n'))
		return -EINVAL;
	if (n > device->sriov_total)
		return -ERANGE;
	if (n == device->numvfs)
		return 0;
	if (!device->driver || !device->driver->sriov)
		return -ENOENT;
	if (n && device->numvfs)
		return -EBUSY;
	r = fk_vfs_set(k, device, (unsigned)n);
	if (r == 0)
		fk_log(k, "numvfs %s %lu", device->addr, n);
	return r;
}

static const struct fk_attr attrs[] = {
	{ "vendor", 0444, show_vendor, NULL, false },
	{ "device", 0444, show_device, NULL, false },
	{ "class", 0444, show_class, NULL, false },
	{ "subsystem_vendor", 0444, show_subvendor, NULL, false },
	{ "subsystem_device", 0444, show_subdevice, NULL, false },
	{ "revision", 0444, show_revision, NULL, false },
	{ "numa_node", 0444, show_numa_node, NULL, false },
	{ "modalias", 0444, show_modalias, NULL, false },
	{ "irq", 0444, show_irq, NULL, false },
	{ "resource", 0444, show_resource, NULL, false },
	{ "config", 0444, show_config, NULL, false },
	/* driver_override_show() takes the device's lock: while an unbind
	 * hangs, so does who reads this.
	 */
	{ "driver_override", 0644, show_override, store_override, true },
	{ "remove", 0220, NULL, store_remove, false },
};

static const struct fk_attr sriov_attrs[] = {
	{ "sriov_totalvfs", 0444, show_totalvfs, NULL, false },
	{ "sriov_numvfs", 0664, show_numvfs, store_numvfs, true },
};

static void add_files(struct fk_device *device, const struct fk_attr *table,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		fk_file(device->dir, &table[i], device);
}

void fk_device_files(struct fk_kernel *k, struct fk_device *device)
{
	add_files(device, attrs, sizeof(attrs) / sizeof(attrs[0]));
	if (device->sriov_total)
		add_files(device, sriov_attrs,
			  sizeof(sriov_attrs) / sizeof(sriov_attrs[0]));
	if (device->rom)
		fk_file(device->dir, &fk_attr_rom, device);
	if (device->bridge)
		fk_text(device->dir, "secondary_bus_number", "1\n");
	if (device->physfn)
		fk_link(device->dir, "physfn", device->physfn->dir);
	fk_link(device->dir, "subsystem", k->devices->parent);
	fk_extras_add(device, NULL);
}

static bool belongs(const struct fk_extra *extra,
		    const struct fk_driver *driver)
{
	if (!extra->driver || !driver)
		return !extra->driver && !driver;
	return strcmp(extra->driver, driver->name) == 0;
}

static void show_setting(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_node *node = owner;

	(void)k;
	fputs(node->text, out);
}

static void set(struct fk_node *node, const char *text)
{
	size_t n = strcspn(text, "\n");

	free(node->text);
	node->text = NULL;
	if (asprintf(&node->text, "%.*s\n", (int)n, text) < 0)
		abort();
}

static int store_setting(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_node *node = owner;
	char *path = fk_path(node), *quoted;

	set(node, text);
	quoted = fk_quote(node->text);
	quoted[strlen(quoted) - strlen("%0A")] = '\0';
	fk_log(k, "set %s %s", path, quoted);
	free(quoted);
	free(path);
	return 0;
}

static const struct fk_attr setting = { "", 0644, show_setting, store_setting,
					false };

static void add_setting(struct fk_node *dir, const char *name, const char *text)
{
	struct fk_node *node = fk_named_file(dir, name, &setting, NULL);

	node->owner = node;
	set(node, text);
}

void fk_power_set(struct fk_device *device, const char *text)
{
	struct fk_node *dir = fk_find(device->dir, "power");
	struct fk_node *node = dir ? fk_find(dir, "control") : NULL;

	if (node)
		set(node, text);
}

/* @target ends in a newline. */
static void add_link(struct fk_node *dir, const char *name, const char *target)
{
	char *text = strndup(target, strlen(target) - 1);

	if (!text)
		abort();
	fk_foreign_link(dir, name, text);
	free(text);
}

void fk_extras_add(struct fk_device *device, const struct fk_driver *driver)
{
	const struct fk_extra *extra;

	for (extra = device->extras; extra; extra = extra->next) {
		const char *name;
		struct fk_node *dir;

		if (!belongs(extra, driver))
			continue;
		dir = fk_folder_of(device->dir, extra->path, &name);
		if (!*name) /* a folder and no more */
			continue;
		if (extra->setting)
			add_setting(dir, name, extra->text);
		else if (strncmp(extra->text, "-> ", 3) == 0)
			add_link(dir, name, extra->text + 3);
		else
			fk_text(dir, name, extra->text);
	}
}

/* The whole folder that the driver made: net, nvme, drm. */
void fk_extras_remove(struct fk_device *device, const struct fk_driver *driver)
{
	const struct fk_extra *extra;

	for (extra = device->extras; extra; extra = extra->next) {
		char *top;

		if (!belongs(extra, driver))
			continue;
		top = strndup(extra->path, strcspn(extra->path, "/"));
		if (!top)
			abort();
		fk_remove(fk_find(device->dir, top));
		free(top);
	}
}
