// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/base/word.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

/* What udev knows of a device is a few lines. */
#define UDEV_LIMIT (256 * 1024)

#define LVM "LVM "

/* "vg0-my--home" is vg0/my-home: see lvm(8), VALID NAMES. */
static char *lvm_label(const char *name)
{
	char *label = malloc(strlen(LVM) + strlen(name) + 1);
	char *out = label;
	bool separated = false;

	if (!label)
		return NULL;
	out = stpcpy(label, LVM);
	for (const char *p = name; *p; p++) {
		if (p[0] == '-' && p[1] == '-') {
			p++;
		} else if (p[0] == '-' && !separated) {
			*out++ = '/';
			separated = true;
			continue;
		}
		*out++ = *p;
	}
	*out = '\0';
	return label;
}

/* Who made it says so in its uuid. */
static char *mapper_label(const char *name, const char *uuid)
{
	static const struct {
		const char *start, *word;
	} makers[] = { { "CRYPT-LUKS", "LUKS" },
		       { "CRYPT-", "encrypted" },
		       { "mpath-", "multipath" } };

	if (hd_after(uuid, "LVM-"))
		return lvm_label(name);
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (hd_after(uuid, makers[i].start))
			return hd_text("%s %s", makers[i].word, name);
	return hd_text("dm %s", name);
}

static int label_mapped(const struct hd_host *host, struct hd_layer *layer,
			struct hd_err *err)
{
	HD_AUTOFREE char *uuid = NULL;
	int r = hd_look_at(host, "block", layer->name, "dm/name",
			   &layer->mapped, err);

	if (r == 0)
		r = hd_look_at(host, "block", layer->name, "dm/uuid", &uuid,
			       err);
	if (r < 0 || !layer->mapped || layer->label)
		return r;
	layer->label = mapper_label(layer->mapped, uuid ? uuid : "");
	return layer->label ? 0 : hd_err_nomem(err);
}

static int label_raid(const struct hd_host *host, struct hd_layer *layer,
		      struct hd_err *err)
{
	HD_AUTOFREE char *level = NULL;
	int r = hd_look_at(host, "block", layer->name, "md/level", &level, err);

	if (r < 0 || !level || layer->label)
		return r;
	layer->label = hd_text("%s (%s)", layer->name, level);
	return layer->label ? 0 : hd_err_nomem(err);
}

int hd_udev_read(const struct hd_host *host, unsigned major_number,
		 unsigned minor_number, char **ret, struct hd_err *err)
{
	char path[sizeof("/run/udev/data/b4294967295:4294967295")];
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r;

	snprintf(path, sizeof(path), "/run/udev/data/b%u:%u", major_number,
		 minor_number);
	r = hd_seen_optional(
		hd_host_read(host, path, UDEV_LIMIT, &text, &length));
	if (r < 0 || !text)
		return hd_look_fail(host, r, err, "%s", path);
	*ret = hd_text("\n%s", text);
	return *ret ? 0 : hd_err_nomem(err);
}

/* The text behind "\n@start" in an entry, or NULL. */
static const char *find_line(const char *udev, const char *start)
{
	for (const char *p = udev; p; p = strchr(p + 1, '\n'))
		if (*p == '\n' && hd_after(p + 1, start))
			return hd_after(p + 1, start);
	return NULL;
}

int hd_udev_value(const char *udev, const char *start, char **ret)
{
	const char *value = find_line(udev, start);

	*ret = value ? strndup(value, strcspn(value, "\n")) : NULL;
	return value && !*ret ? -ENOMEM : 0;
}

bool hd_layer_parse_number(const char *text, unsigned *ret_major,
			   unsigned *ret_minor)
{
	const char *colon = strchr(text, ':');
	int64_t major_number, minor_number;
	char first[16];

	if (!colon || (size_t)(colon - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(colon - text));
	first[colon - text] = '\0';
	if (!hd_word_number(first, UINT_MAX, &major_number) ||
	    !hd_word_number(colon + 1, UINT_MAX, &minor_number))
		return false;
	*ret_major = (unsigned)major_number;
	*ret_minor = (unsigned)minor_number;
	return true;
}

int hd_layer_describe(const struct hd_host *host, struct hd_layer *layer,
		      bool *gone, struct hd_err *err)
{
	HD_AUTOFREE char *number = NULL;
	int r = hd_look_at(host, "block", layer->name, "dev", &number, err);

	*gone = r == 0 && !number && host->live;
	if (r < 0 || *gone)
		return r;
	if (!number ||
	    !hd_layer_parse_number(number, &layer->major, &layer->minor))
		return hd_look_fail(host, number ? -EINVAL : -ENOENT, err,
				    HD_SYSFS_BLOCK "/%s/dev", layer->name);
	if (hd_after(layer->name, "dm-"))
		r = label_mapped(host, layer, err);
	else if (hd_after(layer->name, "md"))
		r = label_raid(host, layer, err);
	if (r == 0)
		r = hd_udev_read(host, layer->major, layer->minor, &layer->udev,
				 err);
	if (r == 0 && !layer->label) {
		layer->label = strdup(layer->name);
		r = layer->label ? 0 : hd_err_nomem(err);
	}
	return r;
}

/* In sysfs the file /dev/cciss/c0d0 is "cciss!c0d0". */
static bool is_name(const char *name, const char *path)
{
	for (; *name && *path; name++, path++)
		if (*name != *path && !(*name == '!' && *path == '/'))
			return false;
	return *name == *path;
}

/* Whether the layer is the device with this path, which is below /dev. */
static bool has_path(const struct hd_layer *layer, const char *path)
{
	const char *in_mapper = hd_after(path, "mapper/");

	if (is_name(layer->name, path) ||
	    (in_mapper && layer->mapped &&
	     strcmp(layer->mapped, in_mapper) == 0))
		return true;
	if (layer->mapped && hd_after(layer->label, LVM) &&
	    strcmp(layer->label + strlen(LVM), path) == 0)
		return true;
	/* Links that several devices have a claim on stand with each. */
	for (const char *link = layer->udev;
	     link && (link = find_line(link, "S:"));)
		if (hd_after(link, path) && strchr("\n", link[strlen(path)]))
			return true;
	return false;
}

/* The last name that a link below /dev leads to; udev's lead to the device. */
static int follow(const struct hd_host *host, const char *path, char **ret,
		  struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen =
		hd_host_openat(host, path, O_PATH | O_NOFOLLOW, &fd);
	struct stat st;

	if (seen.is == HD_PRESENT && fstat(fd, &st) < 0)
		return hd_look_fail(host, -errno, err, "%s", path);
	if (seen.is == HD_PRESENT && S_ISLNK(st.st_mode))
		seen = hd_sysfs_read_link(fd, "", ret);
	return hd_look_fail(host, hd_seen_optional(seen), err, "%s", path);
}

int hd_source_read(const struct hd_host *host, const char *path,
		   struct hd_source *ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen;
	struct stat st;

	*ret = (struct hd_source){ .path = path };
	if (!hd_after(path, "/dev/"))
		return 0;
	if (!host->live)
		return follow(host, path, &ret->last, err);
	seen = hd_host_openat(host, path, O_PATH, &fd);
	if (seen.is != HD_PRESENT)
		return hd_look_fail(host, hd_seen_optional(seen), err, "%s",
				    path);
	if (fstat(fd, &st) < 0)
		return hd_look_fail(host, -errno, err, "%s", path);
	ret->is_node = S_ISBLK(st.st_mode);
	ret->major = major(st.st_rdev);
	ret->minor = minor(st.st_rdev);
	return 0;
}

bool hd_source_is(const struct hd_source *source, const struct hd_layer *layer)
{
	if (layer->kind != HD_LAYER_DISK || !hd_after(source->path, "/dev/"))
		return false;
	if (source->is_node)
		return layer->major == source->major &&
		       layer->minor == source->minor;
	return has_path(layer, hd_after(source->path, "/dev/")) ||
	       (source->last && strcmp(layer->name, source->last) == 0);
}

void hd_source_clear(struct hd_source *source)
{
	free(source->last);
}

int hd_layer_zfs_pool(const struct hd_layer *layer, char **ret)
{
	HD_AUTOFREE char *type = NULL;
	int r;

	*ret = NULL;
	if (!layer->udev)
		return 0;
	r = hd_udev_value(layer->udev, "E:ID_FS_TYPE=", &type);
	if (r < 0 || !type || strcmp(type, "zfs_member") != 0)
		return r;
	return hd_udev_value(layer->udev, "E:ID_FS_LABEL=", ret);
}

void hd_layer_clear(struct hd_layer *layer)
{
	free(layer->name);
	free(layer->label);
	free(layer->mapped);
	free(layer->udev);
}
