// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The description of a host: a line for each thing, words separated by blanks,
 * '#' starts a comment. What a line names was described above it.
 *
 * driver NAME [OPTION...] [ID...]
 *   vfio            gives devices to guests, takes them by override alone
 *   managed-dma     doesn't keep its group from vfio, as pcieport and pci-stub;
 *                   vfio drivers are so by themselves
 *   sriov           can make VFs
 *   keeps           as NVIDIA's: no card goes while modules stand on its own
 *   module=NAME     default: the driver's name with '_' for '-'
 *   absent          not loaded until the command load
 *   refuses=ERRNO   fails every probe
 *   ID: VENDOR:DEVICE or VENDOR:DEVICE:CLASS in hexadecimal, "*" for any
 *       vendor or device and '?' for any digit of the class (*:*:0604??).
 *       Without any ID the driver takes whatever an override brings it.
 *
 * device ADDR VENDOR:DEVICE CLASS [OPTION...]
 *   sub=VENDOR:DEVICE, rev=HEX, numa=NODE, group=NUMBER (default: none)
 *   late=NUMBER     gets this group when a driver first takes it, and keeps it;
 *                   for a host with units in class/iommu, see file
 *   driver=NAME     has it from the start; else it starts without a driver
 *   override=TEXT
 *   bridge          header type 1
 *   behind=ADDR     the bridge above it
 *   sriov=TOTAL     a PF; its VFs follow it, with vf=ADDR
 *   numvfs=N        so many of them are there from the start
 *   vf=ADDR         a VF of that PF; not there until its PF makes it
 *
 * attr ADDR PATH [TEXT...]           a file below the device's folder
 * number ADDR NAME NUMBER            of the inode of an attr
 * bound ADDR DRIVER PATH [TEXT...]   the same, only while DRIVER is bound
 *   "-> TARGET" for TEXT makes a link
 * setting ADDR DRIVER|- PATH [TEXT...]
 *   a file that can be written. It is TEXT whenever the device is found, or
 *   DRIVER takes it. Each device has power/control, d3cold_allowed and
 *   reset_method.
 * rom ADDR [HEX] [shadow] [breaks=N]
 *   an expansion ROM, "rom" in the device's folder. Without HEX the kernel
 *   finds no signature; reading fails from byte N on.
 * module NAME [OPTION...]
 *   one that no driver has; libkmod loads and unloads it, see kmod/kmod.c
 *   on=MODULE             stands on that one
 *   used=N                something uses it, see use
 *   absent                not loaded
 *   param:NAME=VALUE[:FRESH]    a parameter; FRESH once it is loaded anew
 *   setting:NAME=VALUE[:FRESH]  the same, which can be written
 * screen ADDR DRIVER CARD FB [by=MODULE] [CONNECTOR=STATUS...]
 *   while DRIVER has the device, and MODULE is loaded, there are
 * /sys/class/drm/ CARD with its connectors and /sys/class/graphics/FB; "-" for
 * none. Without a frame buffer nobody asks what is put to a connector.
 * firmware NAME DRIVER FB ADDR
 *   the platform device that the firmware drew on: that device
 * consoles
 *   the virtual ones, on a frame buffer if any
 * file PATH [TEXT...]                a file below /sys
 * link PATH TARGET                   a link below /sys
 *   A PATH that ends in '/' is an empty folder. A newline follows each TEXT.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakekernel/kernel.h"
#include "tests/fakekernel/screen.h"
#include "tests/fakekernel/words.h"

/* Whether @word is "KEY=VALUE"; *ret_value is its value then. */
static bool is_option(const char *word, const char *key, const char **ret_value)
{
	size_t n = strlen(key);

	if (strncmp(word, key, n) != 0 || word[n] != '=')
		return false;
	*ret_value = word + n + 1;
	return true;
}

static bool parse_number(const char *text, int base, unsigned limit,
			 unsigned *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, base);

	if (end == text || *end || value > limit)
		return false;
	*ret = (unsigned)value;
	return true;
}

static bool parse_pair(const char *text, unsigned *first, unsigned *second)
{
	int n = 0;

	return sscanf(text, "%4x:%4x%n", first, second, &n) == 2 && !text[n];
}

static long parse_half(const char *text, char **end)
{
	if (*text != '*')
		return strtol(text, end, 16);
	*end = (char *)text + 1;
	return -1;
}

/* "0604??" */
static bool parse_class(const char *text, struct fk_id *ret)
{
	if (strlen(text) != 6)
		return false;
	for (; *text; text++) {
		char digit[2] = { *text == '?' ? '0' : *text, '\0' };

		if (!isxdigit((unsigned char)digit[0]))
			return false;
		ret->class_code =
			ret->class_code << 4 | strtoul(digit, NULL, 16);
		ret->class_mask = ret->class_mask << 4 | (*text != '?') * 0xful;
	}
	return true;
}

/* "8086:10d3", "10de:*:03????" */
static bool parse_id(const char *text, struct fk_id *ret)
{
	char *end;

	ret->vendor = parse_half(text, &end);
	if (end == text || *end != ':')
		return false;
	text = end + 1;
	ret->device = parse_half(text, &end);
	if (end == text || (*end && *end != ':'))
		return false;
	return !*end || parse_class(end + 1, ret);
}

static bool driver_id(struct fk_driver *driver, const char *word)
{
	struct fk_id *id = fk_zalloc(sizeof(*id));

	id->next = driver->ids;
	driver->ids = id;
	return parse_id(word, id);
}

static bool driver_option(struct fk_driver *driver, const char *word,
			  bool *absent)
{
	const char *value;

	if (strcmp(word, "vfio") == 0)
		driver->vfio = driver->managed_dma = true;
	else if (strcmp(word, "managed-dma") == 0)
		driver->managed_dma = true;
	else if (strcmp(word, "sriov") == 0)
		driver->sriov = true;
	else if (strcmp(word, "keeps") == 0)
		driver->keeps = true;
	else if (strcmp(word, "absent") == 0)
		*absent = true;
	else if (is_option(word, "refuses", &value))
		return (driver->refuses = fk_errno(value)) > 0;
	else if (is_option(word, "module", &value)) {
		free(driver->module);
		driver->module = fk_strdup(value);
	} else
		return driver_id(driver, word);
	return true;
}

static char *module_of(const char *driver)
{
	char *module = fk_strdup(driver);

	for (char *c = module; *c; c++)
		if (*c == '-')
			*c = '_';
	return module;
}

/* Drivers are asked in the order of the description. */
static void append_driver(struct fk_kernel *k, struct fk_driver *driver)
{
	struct fk_driver **slot = &k->driver_list;

	while (*slot)
		slot = &(*slot)->next;
	*slot = driver;
}

static const char *on_driver(struct fk_kernel *k, char **words)
{
	struct fk_driver *driver;
	bool absent = false;

	if (!words[0] || fk_driver_find(k, words[0]))
		return "a driver without a name of its own";
	driver = fk_zalloc(sizeof(*driver));
	driver->name = fk_strdup(words[0]);
	driver->module = module_of(words[0]);
	append_driver(k, driver);
	while (*++words)
		if (!driver_option(driver, *words, &absent))
			return "an option of driver isn't understood";
	if (!absent)
		fk_driver_register(k, driver);
	return NULL;
}

/* What can't be done before all of the line is read. */
struct beginning {
	const char *driver, *override;
	unsigned numvfs;
};

static bool device_reference(struct fk_kernel *k, const char *word,
			     struct fk_device *device, bool *ret_understood)
{
	const char *value;
	struct fk_device **slot;

	if (is_option(word, "behind", &value))
		slot = &device->behind;
	else if (is_option(word, "vf", &value))
		slot = &device->physfn;
	else
		return false;
	*slot = fk_device_find(k, value);
	*ret_understood = *slot && (*slot)->present;
	return true;
}

static bool device_number(const char *word, struct fk_device *device,
			  struct beginning *start)
{
	const char *value;
	unsigned number;

	if (is_option(word, "rev", &value))
		return parse_number(value, 16, 0xff, &device->revision);
	if (is_option(word, "sriov", &value))
		return parse_number(value, 10, 0xffff, &device->sriov_total);
	if (is_option(word, "numvfs", &value))
		return parse_number(value, 10, 0xffff, &start->numvfs);
	if (is_option(word, "numa", &value)) {
		device->numa_node = atoi(value);
		return true;
	}
	if (is_option(word, "late", &value)) {
		device->late = atoi(value);
		return true;
	}
	if (!is_option(word, "group", &value) ||
	    !parse_number(value, 10, 0x7fffffff, &number))
		return false;
	device->group = (int)number;
	return true;
}

static bool device_option(struct fk_kernel *k, const char *word,
			  struct fk_device *device, struct beginning *start)
{
	const char *value;
	bool understood = true;

	if (device_reference(k, word, device, &understood))
		return understood;
	if (strcmp(word, "bridge") == 0)
		device->bridge = true;
	else if (is_option(word, "driver", &value))
		start->driver = value;
	else if (is_option(word, "override", &value))
		start->override = value;
	else if (is_option(word, "sub", &value))
		return parse_pair(value, &device->subvendor,
				  &device->subdevice);
	else
		return device_number(word, device, start);
	return true;
}

static bool device_names(struct fk_device *device, char **words)
{
	if (!words[0] || !words[1] || !words[2] ||
	    strlen(words[0]) >= sizeof(device->addr))
		return false;
	strcpy(device->addr, words[0]);
	return parse_pair(words[1], &device->vendor, &device->device) &&
	       parse_number(words[2], 16, 0xffffff, &device->class_code);
}

static void append_device(struct fk_kernel *k, struct fk_device *device)
{
	if (k->last_device)
		k->last_device->next = device;
	else
		k->device_list = device;
	k->last_device = device;
}

static const char *begin_device(struct fk_kernel *k, struct fk_device *device,
				const struct beginning *start)
{
	struct fk_driver *driver = NULL;

	if (device->physfn)
		device->behind = device->physfn->behind;
	else
		fk_device_appear(k, device);
	if (start->override)
		device->override = fk_strdup(start->override);
	if (!start->driver)
		return NULL;
	driver = fk_driver_find(k, start->driver);
	if (!driver || !driver->loaded || device->physfn)
		return "the device can't start on that driver";
	fk_bind_initially(k, device, driver);
	return NULL;
}

static char *join(char **words)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (; *words; words++)
		fprintf(out, "%s%s", *words, words[1] ? " " : "");
	fputc('\n', out);
	fclose(out);
	return text;
}

static struct fk_extra *append_extra(struct fk_device *device,
				     const char *driver, const char *path,
				     char **words)
{
	struct fk_extra *extra = fk_zalloc(sizeof(*extra));
	struct fk_extra **slot = &device->extras;

	while (*slot)
		slot = &(*slot)->next;
	*slot = extra;
	extra->driver = driver ? fk_strdup(driver) : NULL;
	extra->path = fk_strdup(path);
	extra->text = join(words);
	return extra;
}

/* What the PCI core and power management make of each device. */
static void append_settings(struct fk_device *device)
{
	static const struct {
		const char *path, *text;
		bool setting;
	} all[] = { { "power/control", "on", true },
		    { "power/runtime_status", "active", false },
		    { "d3cold_allowed", "1", true },
		    { "reset_method", "flr", true } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *words[] = { (char *)all[i].text, NULL };

		append_extra(device, NULL, all[i].path, words)->setting =
			all[i].setting;
	}
}

/* Its VFs stand below it: see make_vfs(). */
static const char *on_device(struct fk_kernel *k, char **words)
{
	struct fk_device *device = fk_zalloc(sizeof(*device));
	struct beginning start = { NULL, NULL, 0 };

	device->numa_node = -1;
	device->group = device->late = FK_NO_GROUP;
	if (!device_names(device, words) || fk_device_find(k, words[0])) {
		free(device);
		return "device needs a new ADDR, VENDOR:DEVICE and CLASS";
	}
	append_device(k, device);
	append_settings(device);
	for (words += 3; *words; words++)
		if (!device_option(k, *words, device, &start))
			return "an option of device isn't understood";
	device->numvfs = start.numvfs;
	return begin_device(k, device, &start);
}

static const char *on_attr(struct fk_kernel *k, char **words)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;

	if (!device || !words[1])
		return "attr needs a device and a path";
	append_extra(device, NULL, words[1], words + 2);
	if (device->present) {
		fk_extras_remove(device, NULL);
		fk_extras_add(device, NULL);
	}
	return NULL;
}

static const char *on_number(struct fk_kernel *k, char **words)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;
	struct fk_node *node =
		device && words[1] ? fk_find(device->dir, words[1]) : NULL;

	if (!node || !words[2])
		return "number needs a device, a file of it and a number";
	node->number = strtoull(words[2], NULL, 10);
	return NULL;
}

static const char *on_bound(struct fk_kernel *k, char **words)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;

	if (!device || !words[1] || !words[2])
		return "bound needs a device, a driver and a path";
	append_extra(device, words[1], words[2], words + 3);
	if (device->driver && strcmp(device->driver->name, words[1]) == 0) {
		fk_extras_remove(device, device->driver);
		fk_extras_add(device, device->driver);
	}
	return NULL;
}

static const char *on_setting(struct fk_kernel *k, char **words)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;
	struct fk_driver *driver = NULL;

	if (!device || !words[1] || !words[2])
		return "setting needs a device, a driver and a path";
	if (strcmp(words[1], "-") != 0) {
		driver = fk_driver_find(k, words[1]);
		if (!driver)
			return "no such driver";
	}
	append_extra(device, driver ? driver->name : NULL, words[2], words + 3)
		->setting = true;
	if (device->present && (!driver || device->driver == driver)) {
		fk_extras_remove(device, driver);
		fk_extras_add(device, driver);
	}
	return NULL;
}

static bool read_hex(struct fk_rom *rom, const char *text)
{
	unsigned value;

	rom->size = strlen(text) / 2;
	rom->data = fk_zalloc(rom->size + 1);
	for (size_t i = 0; i < rom->size; i++) {
		if (sscanf(text + 2 * i, "%2x", &value) != 1)
			return false;
		rom->data[i] = (unsigned char)value;
	}
	return rom->size > 0;
}

static const char *on_rom(struct fk_kernel *k, char **words)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;
	const char *value;

	if (!device || !device->present || device->rom)
		return "rom needs a device that has none yet";
	device->rom = fk_zalloc(sizeof(*device->rom));
	for (words++; *words; words++)
		if (strcmp(*words, "shadow") == 0)
			device->rom->shadow = true;
		else if (is_option(*words, "breaks", &value))
			device->rom->breaks = strtoul(value, NULL, 10);
		else if (device->rom->data || !read_hex(device->rom, *words))
			return "an option of rom isn't understood";
	fk_file(device->dir, &fk_attr_rom, device);
	return NULL;
}

static const char *on_file(struct fk_kernel *k, char **words)
{
	struct fk_node *dir;
	const char *name;
	char *text;

	if (!words[0])
		return "file needs a path";
	dir = fk_folder_of(k->sys, words[0], &name);
	if (!*name)
		return NULL;
	text = join(words + 1);
	fk_text(dir, name, text);
	free(text);
	return NULL;
}

static const char *on_link(struct fk_kernel *k, char **words)
{
	struct fk_node *dir;
	const char *name;

	if (!words[0] || !words[1])
		return "link needs a path and a target";
	dir = fk_folder_of(k->sys, words[0], &name);
	fk_foreign_link(dir, name, words[1]);
	return NULL;
}

static const struct {
	const char *word;
	const char *(*read)(struct fk_kernel *k, char **words);
} kinds[] = {
	{ "driver", on_driver },
	{ "device", on_device },
	{ "attr", on_attr },
	{ "bound", on_bound },
	{ "file", on_file },
	{ "link", on_link },
	{ "setting", on_setting },
	{ "number", on_number },
	{ "rom", on_rom },
	{ "module", fk_describe_module },
	{ "screen", fk_describe_screen },
	{ "firmware", fk_describe_firmware },
	{ "consoles", fk_describe_consoles },
};

static const char *read_line(struct fk_kernel *k, char *line)
{
	char *words[FK_WORDS + 1];

	if (fk_split(line, words) < 0)
		return "too many words";
	if (!words[0])
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(words[0], kinds[i].word) == 0)
			return kinds[i].read(k, words + 1);
	return "no such word";
}

/* VFs are probed like devices that a scan finds. */
static void make_vfs(struct fk_kernel *k)
{
	struct fk_device *device;

	for (device = k->device_list; device; device = device->next)
		if (device->numvfs)
			fk_vfs_set(k, device, device->numvfs);
}

int fk_describe(struct fk_kernel *k, const char *text, char *error, size_t size)
{
	char *copy = fk_strdup(text), *rest = copy, *line;
	const char *wrong = NULL;
	int number = 0;

	while (!wrong && (line = strsep(&rest, "\n"))) {
		wrong = read_line(k, line);
		number++;
	}
	free(copy);
	if (wrong) {
		snprintf(error, size, "line %d: %s", number, wrong);
		return -1;
	}
	make_vfs(k);
	return 0;
}
