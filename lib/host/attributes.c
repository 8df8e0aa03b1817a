// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/stream.h"
#include "lib/host/sysfs.h"

#define COMMAND "a command, no setting"
#define DRIVERS "its driver sets it up anew, and udev's rules run again"
#define INTERRUPTS                                                             \
	"interrupts are numbered anew; irqbalance and the like deal them out"
#define CLASS_POWER "what has no power of its own to manage"

#define SAVED(of, pattern, ...)                                                \
	{ .place = HD_OF_##of, .name = pattern, __VA_ARGS__ }
#define NEVER(of, pattern, why)                                                \
	{ .place = HD_OF_##of, .name = pattern, .never = why }

/*
 * Documentation/ABI/testing in the kernel's tree: sysfs-bus-pci,
 * sysfs-devices-power, sysfs-class-net, stable/sysfs-block. vfio-pci allows
 * runtime power management when it takes a device and forbids it when it lets
 * go (vfio_pci_core_unregister_device()); a host driver sets its own delay;
 * the rest is lost when a device is removed and found again, which is a new
 * one to the kernel, as are its interfaces and disks each time that its driver
 * comes back. The first row that fits counts.
 */
static const struct hd_attribute_row rows[] = {
	SAVED(DEVICE, "power/control"),
	SAVED(DEVICE, "power/autosuspend_delay_ms", .idle = EIO),
	SAVED(DEVICE, "power/wakeup", .empty_is_idle = true),
	SAVED(DEVICE, "power/async"),
	SAVED(DEVICE, "power/pm_qos_resume_latency_us"),
	SAVED(DEVICE, "power/pm_qos_latency_tolerance_us"),
	SAVED(DEVICE, "power/pm_qos_no_power_off"),
	SAVED(DEVICE, "d3cold_allowed"),
	SAVED(DEVICE, "reset_method"),
	SAVED(DEVICE, "broken_parity_status"),
	SAVED(DEVICE, "msi_bus"),
	SAVED(DEVICE, "numa_node"),
	SAVED(DEVICE, "sriov_drivers_autoprobe"),
	SAVED(DEVICE, "link/clkpm"),
	SAVED(DEVICE, "link/l0s_aspm"),
	SAVED(DEVICE, "link/l1_aspm"),
	SAVED(DEVICE, "link/l1_1_aspm"),
	SAVED(DEVICE, "link/l1_2_aspm"),
	SAVED(DEVICE, "link/l1_1_pcipm"),
	SAVED(DEVICE, "link/l1_2_pcipm"),
	NEVER(DEVICE, "driver_override", "a step of its own, see plan.h"),
	NEVER(DEVICE, "sriov_numvfs",
	      "makes and removes devices, and who only reads it may wait for ever"),
	NEVER(DEVICE, "sriov_vf_msix_count",
	      "can't be read, and only a driver of the PF knows it"),
	NEVER(DEVICE, "enable", "a count that drivers keep"),
	NEVER(DEVICE, "config",
	      "registers: the kernel keeps what is its own over a reset, the rest is the driver's"),
	NEVER(DEVICE, "resource[0-9]*_resize",
	      "the sizes that a BAR can have: it is the driver that chooses"),
	NEVER(DEVICE, "resource[0-9]*", "the device's memory, no setting"),
	NEVER(DEVICE, "rom", "lets the ROM be read for a while, no setting"),
	NEVER(DEVICE, "vpd", "the device's own memory"),
	NEVER(DEVICE, "remove", COMMAND),
	NEVER(DEVICE, "rescan", COMMAND),
	NEVER(DEVICE, "reset", COMMAND),
	NEVER(DEVICE, "reset_subordinate", COMMAND),
	NEVER(DEVICE, "uevent", COMMAND),
	NEVER(DEVICE, "*/uevent", COMMAND),
	NEVER(DEVICE, "msi_irqs/*", INTERRUPTS),
	NEVER(DEVICE, "drm/*", DRIVERS),
	NEVER(DEVICE, "graphics/*", DRIVERS),
	NEVER(DEVICE, "hwmon/*", DRIVERS),
	NEVER(DEVICE, "i2c-*", DRIVERS),
	NEVER(DEVICE, "leds/*", DRIVERS),
	NEVER(DEVICE, "nvme/*", DRIVERS),
	NEVER(DEVICE, "ptp/*", DRIVERS),
	NEVER(DEVICE, "sound/*", DRIVERS),
	NEVER(DEVICE, "hdaudioC*", DRIVERS),
	NEVER(DEVICE, "[0-9]-[0-9]:*", DRIVERS),
	NEVER(DEVICE, "ata*",
	      "disks of these are found long after their driver has come back, by udev's rules"),
	NEVER(DEVICE, "host*",
	      "disks of these are found long after their driver has come back, by udev's rules"),
	NEVER(DEVICE, "usb*",
	      "devices of their own, found long after the controller has come back, by udev's rules"),
	NEVER(DEVICE, "virtio[0-9]*", DRIVERS),

	SAVED(NET, "dev_port", .kind = HD_ATTRIBUTE_IDENTITY),
	SAVED(NET, "mtu"),
	SAVED(NET, "tx_queue_len"),
	SAVED(NET, "ifalias"),
	SAVED(NET, "netdev_group"),
	SAVED(NET, "gro_flush_timeout"),
	SAVED(NET, "napi_defer_hard_irqs"),
	SAVED(NET, "threaded"),
	SAVED(NET, "proto_down"),
	SAVED(NET, "master", .kind = HD_ATTRIBUTE_MASTER),
	SAVED(NET, "brport/path_cost"),
	SAVED(NET, "brport/priority"),
	SAVED(NET, "brport/hairpin_mode"),
	SAVED(NET, "brport/bpdu_guard"),
	SAVED(NET, "brport/root_block"),
	SAVED(NET, "brport/learning"),
	SAVED(NET, "brport/unicast_flood"),
	SAVED(NET, "brport/multicast_flood"),
	SAVED(NET, "brport/broadcast_flood"),
	SAVED(NET, "brport/isolated"),
	SAVED(NET, "brport/neigh_suppress"),
	SAVED(NET, "brport/proxyarp"),
	SAVED(NET, "brport/proxyarp_wifi"),
	SAVED(NET, "brport/multicast_router"),
	SAVED(NET, "brport/multicast_fast_leave"),
	SAVED(NET, "brport/multicast_to_unicast"),
	SAVED(NET, "brport/group_fwd_mask"),
	SAVED(NET, "brport/backup_port", .empty_is_idle = true),
	SAVED(NET, "flags", .kind = HD_ATTRIBUTE_UP),
	NEVER(NET, "carrier", COMMAND),
	NEVER(NET, "queues/*", INTERRUPTS),
	NEVER(NET, "power/*", CLASS_POWER),
	NEVER(NET, "uevent", COMMAND),
	NEVER(NET, "brport/flush", COMMAND),

	SAVED(DISK, "wwid", .kind = HD_ATTRIBUTE_IDENTITY),
	SAVED(DISK, "passthru_err_log_enabled"),
	SAVED(DISK, "queue/scheduler", .kind = HD_ATTRIBUTE_CHOICE),
	SAVED(DISK, "queue/nr_requests"),
	SAVED(DISK, "queue/read_ahead_kb"),
	SAVED(DISK, "queue/max_sectors_kb"),
	SAVED(DISK, "queue/nomerges"),
	SAVED(DISK, "queue/rq_affinity"),
	SAVED(DISK, "queue/rotational"),
	SAVED(DISK, "queue/add_random"),
	SAVED(DISK, "queue/iostats"),
	SAVED(DISK, "queue/io_timeout"),
	SAVED(DISK, "queue/write_cache"),
	SAVED(DISK, "queue/discard_max_bytes"),
	SAVED(DISK, "queue/stable_writes"),
	SAVED(DISK, "queue/wbt_lat_usec", .idle = EINVAL),
	NEVER(DISK, "queue/iosched/*",
	      "the scheduler's own, which is made anew"),
	NEVER(DISK, "queue/io_poll*", "without effect since Linux 5.16"),
	NEVER(DISK, "power/*", CLASS_POWER),
	NEVER(DISK, "uevent", COMMAND),
	NEVER(DISK, "trace/*", "for who watches, no setting"),
	NEVER(DISK, "integrity/*", DRIVERS),
	NEVER(DISK, "events_poll_msecs", "of disks that can be taken out"),
	NEVER(DISK, "make-it-fail", "for tests of the kernel"),
	NEVER(DISK, "*/uevent", COMMAND),
	NEVER(DISK, "*/power/*", CLASS_POWER),
	NEVER(DISK, "*/trace/*", "for who watches, no setting"),
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/*
 * Where interfaces and disks are, of drivers that have found them when they
 * have taken the device, or soon. A disk that several NVMe controllers share,
 * nvme0c1n1 here, is nobody's alone.
 */
static const struct {
	enum hd_attribute_place place;
	const char *pattern;
} places[] = {
	{ HD_OF_NET, "net/*" },
	{ HD_OF_NET, "virtio+([0-9])/net/*" },
	{ HD_OF_DISK, "nvme/*/nvme+([0-9])n+([0-9])" },
	{ HD_OF_DISK, "virtio+([0-9])/block/*" },
};

#define N_PLACES (sizeof(places) / sizeof(places[0]))

static bool matches(const char *pattern, size_t pattern_length,
		    const char *text, size_t length)
{
	char a[64], b[NAME_MAX + 1];

	if (pattern_length >= sizeof(a) || length >= sizeof(b))
		return false;
	memcpy(a, pattern, pattern_length);
	memcpy(b, text, length);
	a[pattern_length] = b[length] = '\0';
	return fnmatch(a, b, FNM_EXTMATCH) == 0;
}

/* How much of @path a place's pattern covers, 0 for none of it. */
static size_t cover(const char *pattern, const char *path)
{
	const char *at = path;

	for (;;) {
		size_t m = strcspn(pattern, "/"), n = strcspn(at, "/");

		if (!n || !matches(pattern, m, at, n))
			return 0;
		at += n;
		pattern += m;
		if (!*pattern)
			return (size_t)(at - path);
		if (!*at)
			return 0;
		at++;
		pattern++;
	}
}

static enum hd_attribute_place place_of(const char *path, size_t *ret)
{
	for (size_t i = 0; i < N_PLACES; i++) {
		size_t n = cover(places[i].pattern, path);

		if (n && path[n] == '/') {
			*ret = n;
			return places[i].place;
		}
	}
	*ret = 0;
	return HD_OF_DEVICE;
}

const struct hd_attribute_row *hd_attribute_row(const char *path, size_t *ret)
{
	enum hd_attribute_place place = place_of(path, ret);
	const char *name = path + (*ret ? *ret + 1 : 0);

	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].place == place &&
		    fnmatch(rows[i].name, name, 0) == 0)
			return &rows[i];
	return NULL;
}

/* Cuts "none [bfq] kyber" down to "bfq"; without brackets it stays. */
static void choose(char *text)
{
	char *open = strchr(text, '['), *end = open ? strchr(open, ']') : NULL;

	if (!end)
		return;
	*end = '\0';
	memmove(text, open + 1, (size_t)(end - open));
}

static struct hd_seen read_up(int dir_fd, const char *name, char **ret)
{
	int64_t flags;
	struct hd_seen seen = hd_sysfs_read_number(dir_fd, name, &flags);

	if (seen.is != HD_PRESENT)
		return seen;
	if (!(flags & IFF_UP))
		return hd_seen_absent();
	*ret = strdup("up");
	return hd_seen_of(*ret ? 0 : -ENOMEM);
}

struct hd_seen hd_attribute_read(int dir_fd, const struct hd_attribute_row *row,
				 char **ret)
{
	struct hd_seen seen;

	if (row->kind == HD_ATTRIBUTE_MASTER)
		return hd_sysfs_read_link(dir_fd, row->name, ret);
	if (row->kind == HD_ATTRIBUTE_UP)
		return read_up(dir_fd, row->name, ret);
	seen = hd_sysfs_read(dir_fd, row->name, ret);
	if (seen.is == HD_UNKNOWN && row->idle && seen.error == -row->idle)
		return hd_seen_absent();
	if (seen.is != HD_PRESENT)
		return seen;
	if (row->kind == HD_ATTRIBUTE_CHOICE)
		choose(*ret);
	if (row->empty_is_idle && !**ret) {
		free(hd_steal(ret));
		return hd_seen_absent();
	}
	return seen;
}

int hd_attributes_add(struct hd_attributes *attributes, const char *path,
		      const char *value, int error)
{
	struct hd_saved *slot =
		hd_array_add(&attributes->items, &attributes->n, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	slot->error = error;
	slot->path = strdup(path);
	slot->value = value ? strdup(value) : NULL;
	return slot->path && (slot->value || !value) ? 0 : -ENOMEM;
}

/* @top is what it is of, as in "net/eth0/"; "" for the device itself. */
static int read_row(int dir_fd, const struct hd_attribute_row *row,
		    const char *top, struct hd_attributes *ret)
{
	HD_AUTOFREE char *value = NULL;
	HD_AUTOFREE char *path = NULL;
	struct hd_seen seen = hd_attribute_read(dir_fd, row, &value);

	if (seen.is == HD_ABSENT)
		return 0;
	if (seen.is == HD_UNKNOWN && seen.error == -ENOMEM)
		return -ENOMEM;
	if (asprintf(&path, "%s%s", top, row->name) < 0)
		return -ENOMEM;
	return hd_attributes_add(ret, path, value, seen.error);
}

/* The part of a name up to its last slash; 0 when there is none. */
static size_t folder_length(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? (size_t)(slash - name) : 0;
}

/* Whether the folder that an attribute is in is certainly not there, so that
 * none of its rows has to be looked at. */
static bool is_missing(int dir_fd, const char *name, size_t length)
{
	char folder[64];

	if (length >= sizeof(folder))
		return false;
	memcpy(folder, name, length);
	folder[length] = '\0';
	return hd_sysfs_look(dir_fd, folder).is == HD_ABSENT;
}

static int read_rows(int dir_fd, enum hd_attribute_place place, const char *top,
		     struct hd_attributes *ret)
{
	const char *folder = ""; /* of the rows before */
	size_t length = 0;
	bool missing = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_ROWS; i++) {
		const struct hd_attribute_row *row = &rows[i];
		size_t n = folder_length(row->name);

		if (row->place != place || row->never)
			continue;
		if (n != length || memcmp(folder, row->name, n) != 0) {
			folder = row->name;
			length = n;
			missing = n && is_missing(dir_fd, folder, n);
		}
		if (!missing)
			r = read_row(dir_fd, row, top, ret);
	}
	return r;
}

/* A pattern that is looked for in folders, and who wants to know. */
struct search {
	enum hd_attribute_place place;
	const char *pattern; /* what is left of it */
	const char *path; /* of the folder, ends in a slash; or "" */
	int (*visit)(void *data, enum hd_attribute_place place,
		     const char *path, int dir_fd);
	void *data;
};

static int search_folder(const struct search *search, int fd);

static int search_entry(void *data, int dir_fd, const char *name)
{
	const struct search *search = data;
	size_t n = strcspn(search->pattern, "/");
	HD_AUTOFREE char *path = NULL;
	struct search below = *search;
	struct hd_seen seen;
	int fd;

	if (!matches(search->pattern, n, name, strlen(name)))
		return 0;
	fd = openat(dir_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return 0; /* no folder of its own */
	seen = hd_seen_of(fd < 0 ? -errno : 0);
	if (seen.is != HD_PRESENT)
		return hd_seen_optional(seen);
	if (asprintf(&path, "%s%s%s", search->path, name,
		     search->pattern[n] ? "/" : "") < 0) {
		close(fd);
		return -ENOMEM;
	}
	below.path = path;
	below.pattern = search->pattern + n + 1;
	if (!search->pattern[n]) {
		int r = search->visit(search->data, search->place, path, fd);

		close(fd);
		return r;
	}
	return search_folder(&below, fd);
}

/* Takes @fd over. */
static int search_folder(const struct search *search, int fd)
{
	size_t n = strcspn(search->pattern, "/");
	char name[16];
	int r;

	if (memchr(search->pattern, '*', n) || memchr(search->pattern, '+', n))
		return hd_dir_each(fd, search_entry, (void *)search);
	/* A name needs no look at all the others. */
	snprintf(name, sizeof(name), "%.*s", (int)n, search->pattern);
	r = search_entry((void *)search, fd, name);
	close(fd);
	return r;
}

int hd_attributes_visit(int device_fd, enum hd_attribute_place place,
			int (*visit)(void *data, enum hd_attribute_place place,
				     const char *path, int dir_fd),
			void *data)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_PLACES; i++) {
		struct search search = { place, places[i].pattern, "", visit,
					 data };
		int fd;

		if (places[i].place != place)
			continue;
		fd = openat(device_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? hd_seen_optional(hd_seen_of(-errno)) :
			     search_folder(&search, fd);
	}
	return r;
}

static int read_object(void *data, enum hd_attribute_place place,
		       const char *path, int dir_fd)
{
	HD_AUTOFREE char *top = NULL;

	if (asprintf(&top, "%s/", path) < 0)
		return -ENOMEM;
	return read_rows(dir_fd, place, top, data);
}

int hd_attributes_read(int device_fd, struct hd_attributes *ret)
{
	static const char *const where[HD_N_OF] = {
		[HD_OF_NET] = "net/*", [HD_OF_DISK] = "nvme/*"
	};
	int r = read_rows(device_fd, HD_OF_DEVICE, "", ret);

	for (int place = HD_OF_NET; r == 0 && place < HD_N_OF; place++) {
		r = hd_attributes_visit(device_fd,
					(enum hd_attribute_place)place,
					read_object, ret);
		/* What there is can't be known: all of them are unread. */
		if (r < 0 && r != -ENOMEM)
			r = hd_attributes_add(ret, where[place], NULL, r);
	}
	return r;
}

int hd_attributes_copy(struct hd_attributes *to,
		       const struct hd_attributes *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = hd_attributes_add(to, from->items[i].path,
				      from->items[i].value,
				      from->items[i].error);
	return r;
}

/* Each is its path, its errno, and its value, with a NUL after each. */
int hd_attributes_pack(const struct hd_attributes *attributes, char **ret,
		       size_t *ret_length)
{
	HD_AUTOFREE char *bytes = NULL;
	FILE *file = hd_stream_open(&bytes, ret_length);
	bool failed;

	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < attributes->n; i++) {
		const struct hd_saved *each = &attributes->items[i];

		fprintf(file, "%s%c%d%c%s%c", each->path, 0, -each->error, 0,
			each->value ? each->value : "", 0);
	}
	failed = ferror(file);
	if (fclose(file) != 0 || failed)
		return -ENOMEM;
	*ret = hd_steal(&bytes);
	return 0;
}

/* The text at *@at, which ends before @end; NULL when it doesn't. */
static const char *take_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = memchr(text, '\0', (size_t)(end - text));

	if (nul)
		*at = nul + 1;
	return nul ? text : NULL;
}

int hd_attributes_unpack(const char *bytes, size_t length,
			 struct hd_attributes *ret)
{
	const char *end = bytes + length;
	int r = 0;

	while (r == 0 && bytes < end) {
		const char *path = take_text(&bytes, end);
		const char *error = path ? take_text(&bytes, end) : NULL;
		const char *value = error ? take_text(&bytes, end) : NULL;
		int number;

		if (!value || sscanf(error, "%d", &number) != 1)
			return -EBADMSG;
		r = hd_attributes_add(ret, path, number ? NULL : value,
				      -number);
	}
	return r;
}

void hd_attributes_clear(struct hd_attributes *attributes)
{
	for (size_t i = 0; i < attributes->n; i++) {
		free(attributes->items[i].path);
		free(attributes->items[i].value);
	}
	free(attributes->items);
	*attributes = (struct hd_attributes){ NULL, 0 };
}
