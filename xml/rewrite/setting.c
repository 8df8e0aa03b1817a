// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/rewrite/setting.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/base/text.h"
#include "lib/base/word.h"

static bool is_yes_no(const char *value)
{
	return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0;
}

static bool is_on_off(const char *value)
{
	return strcmp(value, "on") == 0 || strcmp(value, "off") == 0;
}

static bool has_only(const char *value, const char *characters)
{
	return *value && value[strspn(value, characters)] == '\0';
}

static bool is_number(const char *value, int64_t max)
{
	int64_t number;

	return *value != '0' && hd_word_number(value, max, &number);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool is_driver(const char *value)
{
	return has_only(value, LETTERS "_-");
}

/* QEMU's bootindex has 31 bits. */
static bool is_order(const char *value)
{
	return is_number(value, INT_MAX);
}

/* libvirt keeps only names that begin so (virDomainDeviceAliasIsUserAlias()).
 */
static bool is_alias(const char *value)
{
	return hd_after(value, "ua-") && has_only(value + 3, LETTERS "_-.");
}

/* virDomainDeviceInfoValidate… since 7.3: 1 to 16 * 1024 - 1. */
static bool is_index(const char *value)
{
	return is_number(value, 16 * 1024 - 1);
}

/* What XML can hold: U+FFFE and U+FFFF are no characters (XML 1.0, 2.2). */
static bool is_path(const char *value)
{
	return *value == '/' && hd_is_printable(value) &&
	       !strstr(value, "\xef\xbf\xbe") && !strstr(value, "\xef\xbf\xbf");
}

#define HOSTDEV (1u << HD_SOURCE_HOSTDEV)
#define PCI (HOSTDEV | 1u << HD_SOURCE_INTERFACE)
#define ANY (PCI | 1u << HD_SOURCE_DISK)

/* In the order in which libvirt writes the elements. */
static const struct hd_key keys[] = {
	{ "managed", NULL, "managed", "yes or no", is_yes_no, ANY, false },
	{ "driver", "driver", "model", "the name of a driver", is_driver, PCI,
	  false },
	{ "iommufd", "driver", "iommufd", "yes or no", is_yes_no, PCI, false },
	{ "boot.order", "boot", "order", "a number from 1", is_order, ANY,
	  true },
	{ "alias", "alias", "name", "a name that begins with ua-", is_alias,
	  ANY, true },
	{ "rom.enabled", "rom", "enabled", "yes or no", is_yes_no, PCI, false },
	{ "rom.bar", "rom", "bar", "on or off", is_on_off, PCI, false },
	{ "rom.file", "rom", "file", "the path of a file from / on", is_path,
	  PCI, false },
	{ "acpi.index", "acpi", "index", "a number from 1 to 16383", is_index,
	  PCI, true },
	{ "multifunction", "address", "multifunction", "on or off", is_on_off,
	  ANY, false },
};

size_t hd_key_count(void)
{
	return sizeof(keys) / sizeof(keys[0]);
}

const struct hd_key *hd_key_at(size_t i)
{
	return &keys[i];
}

static int find_key(const char *name, size_t n, const struct hd_key **ret,
		    struct hd_err *err)
{
	for (size_t i = 0; i < hd_key_count(); i++)
		if (strlen(keys[i].name) == n &&
		    strncmp(keys[i].name, name, n) == 0) {
			*ret = &keys[i];
			return 0;
		}
	hd_err_set(err, EINVAL, "there is nothing to set that is called '%.*s'",
		   n > 64 ? 64 : (int)n, name);
	hd_err_fix(
		err,
		"Set one of managed, driver, iommufd, boot.order, alias, rom.enabled, rom.bar, rom.file, acpi.index, multifunction");
	return -EINVAL;
}

/* What stands before the key, if anything does. */
static int read_address(const char *text, size_t n, struct hd_setting *setting,
			struct hd_err *err)
{
	HD_AUTOFREE char *addr = strndup(text, n);

	if (!addr)
		return hd_err_nomem(err);
	return hd_addr_parse(addr, &setting->addr, err);
}

int hd_setting_parse(const char *text, struct hd_setting *ret,
		     struct hd_err *err)
{
	const char *equals = strchr(text, '='), *colon = NULL;
	struct hd_setting setting = { .every = true };
	const char *name = text;
	int r = 0;

	if (equals)
		colon = memrchr(text, ':', (size_t)(equals - text));
	if (!equals || equals == text)
		return hd_err_set(
			err, EINVAL,
			"'%.64s' sets nothing; write it like managed=no or 01:00.0:managed=no",
			text);
	if (colon) {
		setting.every = false;
		name = colon + 1;
		r = read_address(text, (size_t)(colon - text), &setting, err);
	}
	if (r == 0)
		r = find_key(name, (size_t)(equals - name), &setting.key, err);
	if (r < 0)
		return r;
	setting.value = equals + 1;
	if (*setting.value && !setting.key->fits(setting.value))
		return hd_err_set(err, EINVAL, "%s takes %s, not '%.64s'",
				  setting.key->name, setting.key->takes,
				  setting.value);
	if (setting.every && setting.key->unique && *setting.value)
		return hd_err_set(
			err, EINVAL,
			"no two devices can have the same %s, so it needs an address: 01:00.0:%s",
			setting.key->name, text);
	*ret = setting;
	return 0;
}
