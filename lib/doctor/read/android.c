// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/android.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/bootargs.h"
#include "lib/host/module.h"

#define LIST_LIMIT ((size_t)16 * 1024 * 1024)

const char *const hd_android_folders[] = {
	"/vendor/lib/modules",
	"/vendor_dlkm/lib/modules",
	"/system_dlkm/lib/modules",
	"/odm_dlkm/lib/modules",
	"/system/lib/modules",
	"/lib/modules",
	NULL,
};

const struct hd_android_option hd_android_options[] = {
	{ "ARM_SMMU_V3", "arm_smmu_v3", true },
	{ "ARM_SMMU", "arm_smmu", true },
	{ "VFIO", "vfio", false },
	{ "VFIO_IOMMU_TYPE1", "vfio_iommu_type1", false },
	{ "VFIO_PCI", "vfio_pci", false },
	{ NULL, NULL, false },
};

_Static_assert(sizeof(hd_android_folders) / sizeof(hd_android_folders[0]) ==
		       HD_ANDROID_FOLDERS + 1,
	       "one place for the lists of each folder");

static struct hd_seen look(const struct hd_host *host, const char *path)
{
	HD_AUTOCLOSE int fd = -1;

	return hd_host_openat(host, path, O_PATH, &fd);
}

/* One of these is enough; what can't be looked at leaves it open. */
static void read_signs(const struct hd_host *host, struct hd_android *ret)
{
	static const char *const signs[] = { "/system/build.prop",
					     "/system/bin/toybox",
					     "/system/bin/init", "/apex" };

	ret->seen = hd_seen_absent();
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		struct hd_seen seen = look(host, signs[i]);

		if (seen.is == HD_ABSENT ||
		    (seen.is == HD_UNKNOWN && ret->seen.is == HD_UNKNOWN))
			continue;
		ret->seen = seen;
		ret->sign = signs[i];
		if (seen.is == HD_PRESENT)
			return;
	}
}

static int read_list(const struct hd_host *host, const char *folder,
		     const char *name, char **ret, struct hd_android *android)
{
	HD_AUTOFREE char *path = hd_text("%s/%s", folder, name);
	size_t length;
	struct hd_seen seen;

	if (!path)
		return -ENOMEM;
	seen = hd_host_read(host, path, LIST_LIMIT, ret, &length);
	if (seen.error == -ENOMEM)
		return -ENOMEM;
	if (seen.is == HD_UNKNOWN && android->modules_seen.is != HD_UNKNOWN) {
		android->modules_seen = seen;
		android->modules_path = hd_steal(&path);
	}
	return 0;
}

static int read_modules(const struct hd_host *host, struct hd_android *android)
{
	int r = 0;

	android->modules_seen = hd_seen_absent();
	for (size_t i = 0; r == 0 && hd_android_folders[i]; i++) {
		struct hd_android_modules *modules = &android->modules[i];
		const char *folder = hd_android_folders[i];

		r = read_list(host, folder, "modules.dep", &modules->dep,
			      android);
		if (r == 0)
			r = read_list(host, folder, "modules.load",
				      &modules->load, android);
		if (r == 0)
			r = read_list(host, folder, "modules.blocklist",
				      &modules->blocklist, android);
	}
	return r;
}

int hd_android_read(const struct hd_host *host, struct hd_android *ret)
{
	struct hd_android android = { .sign = NULL };
	int r = 0;

	read_signs(host, &android);
	android.modules_seen = hd_seen_absent();
	if (android.seen.is == HD_PRESENT)
		r = read_modules(host, &android);
	*ret = android;
	return r;
}

void hd_android_clear(struct hd_android *android)
{
	for (size_t i = 0; i < HD_ANDROID_FOLDERS; i++) {
		free(android->modules[i].dep);
		free(android->modules[i].load);
		free(android->modules[i].blocklist);
	}
	free(android->modules_path);
	memset(android, 0, sizeof(*android));
}

/* Whether a line is "blocklist MODULE", as modprobe.d(5) has "blacklist". */
static bool is_blocked(const char *text, const char *module)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *rest;
		size_t n;

		line += *line == '\n';
		rest = hd_after(line, "blocklist ");
		if (!rest)
			rest = hd_after(line, "blacklist ");
		if (!rest)
			continue;
		rest += strspn(rest, " \t");
		n = strcspn(rest, " \t\r\n");
		if (n == strlen(module) &&
		    hd_module_names_equal(rest, module, n))
			return true;
	}
	return false;
}

enum hd_android_module hd_android_find(const struct hd_android *android,
				       const char *module, const char **ret)
{
	for (size_t i = 0; hd_android_folders[i]; i++) {
		const struct hd_android_modules *modules = &android->modules[i];

		if (!modules->dep || !hd_module_list_has(modules->dep, module))
			continue;
		*ret = hd_android_folders[i];
		if (modules->blocklist &&
		    is_blocked(modules->blocklist, module))
			return HD_ANDROID_BLOCKED;
		return modules->load && hd_module_list_has(modules->load,
							   module) ?
			       HD_ANDROID_AT_BOOT :
			       HD_ANDROID_THERE;
	}
	return HD_ANDROID_NONE;
}

const char *hd_android_of_release(const char *release, size_t *ret_length)
{
	static const char word[] = "-android";
	const char *at = release;

	while ((at = strstr(at, word))) {
		const char *p = at + strlen(word);
		size_t version = strspn(p, "0123456789");

		if (version > 0) {
			size_t more =
				p[version] == '-' ?
					strspn(p + version + 1, "0123456789") :
					0;

			*ret_length = strlen(word) - 1 + version +
				      (more ? more + 1 : 0);
			return at + 1;
		}
		at = p;
	}
	return NULL;
}

/* The next word of a line; its length to *@n, 0 when there is none. */
static const char *next_word(const char *p, size_t *n)
{
	p += strspn(p, " \t");
	*n = strcspn(p, " \t\r\n");
	return p;
}

/* Whether a line of four words or more is about the path. */
static bool names(const char *pattern, size_t n, const char *path, bool *memory)
{
	HD_AUTOFREE char *copy = strndup(pattern, n);

	*memory = copy != NULL;
	return copy && fnmatch(copy, path, FNM_PATHNAME) == 0;
}

int hd_android_node(const char *text, const char *path, char **ret)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *pattern, *mode, *owner, *group;
		size_t n_pattern, n_mode, n_owner, n_group;
		bool memory;
		char *found;

		line += *line == '\n';
		pattern = next_word(line, &n_pattern);
		mode = next_word(pattern + n_pattern, &n_mode);
		owner = next_word(mode + n_mode, &n_owner);
		group = next_word(owner + n_owner, &n_group);
		if (*pattern != '/' || !n_group ||
		    !isdigit((unsigned char)*mode))
			continue;
		if (!names(pattern, n_pattern, path, &memory)) {
			if (!memory)
				return -ENOMEM;
			continue;
		}
		found = hd_text("%.*s %.*s %.*s", (int)n_mode, mode,
				(int)n_owner, owner, (int)n_group, group);
		if (!found)
			return -ENOMEM;
		free(*ret);
		*ret = found;
	}
	return 0;
}
