// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/net/netroot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guard/block/btrfs.h"
#include "lib/guard/block/mounts.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

/* What one root stands on: far more than its disks and what is between. */
#define DISKS_LIMIT 256

struct search {
	struct hd_guard *guard;
	struct hd_servers *servers;
	struct hd_btrfs btrfs;
	const char *target;
	char **disks; /* names, in the order found; owned */
	size_t n_disks;
};

/* Takes @address over, which may be NULL when memory ran out. */
static int add_server(struct search *s, const char *protocol, char *address)
{
	struct hd_server *server = NULL;

	if (address)
		server = hd_array_add(&s->servers->items, &s->servers->n,
				      sizeof(*server));
	if (!server) {
		free(address);
		return hd_err_nomem(s->guard->err);
	}
	*server = (struct hd_server){ protocol, s->target, address };
	return 0;
}

/* The text between @start and one of @ends in @text, "" when it isn't there. */
static char *cut(const char *text, const char *start, const char *ends)
{
	const char *p = text ? strstr(text, start) : NULL;

	p = p ? p + strlen(start) : "";
	return strndup(p, strcspn(p, ends));
}

static int add_iscsi(struct search *s, unsigned session)
{
	static const char *const names[] = { "address", "persistent_address" };
	char connection[sizeof("connection4294967295:0")];
	char *address = NULL;
	int r = 0;

	snprintf(connection, sizeof(connection), "connection%u:0", session);
	for (size_t i = 0; r == 0 && !address && i < 2; i++)
		r = hd_look_at(s->guard->host, "iscsi_connection", connection,
			       names[i], &address, s->guard->err);
	if (r < 0)
		return r;
	return add_server(s, "iSCSI", address ? address : strdup(""));
}

/* "nbdroot=SERVER,EXPORT,nbd0" of Debian, "root=nbd:SERVER:..." of dracut. */
static int add_nbd(struct search *s)
{
	HD_AUTOFREE char *debian = NULL;
	HD_AUTOFREE char *dracut = NULL;
	int r = hd_guard_read_boot_word(s->guard, "nbdroot", &debian);

	if (r == 0 && !debian)
		r = hd_guard_read_boot_word(s->guard, "root", &dracut);
	if (r < 0)
		return r;
	return add_server(s, "NBD",
			  debian ? strndup(debian, strcspn(debian, ",:")) :
				   cut(dracut, "nbd:", ",:"));
}

/* A controller's "traddr=10.0.0.5,trsvcid=4420"; of a PCI one it is no such. */
static int add_nvme(struct search *s, const char *controller)
{
	HD_AUTOFREE char *address = NULL;
	int r = hd_look_at(s->guard->host, "nvme", controller, "address",
			   &address, s->guard->err);

	if (r < 0 || !address || !hd_after(address, "traddr="))
		return r;
	return add_server(s, "NVMe", cut(address, "traddr=", ","));
}

/* Of a subsystem's folder: "nvme0" is a controller, "nvme0n1" is none. */
static int add_controller(void *data, int dir_fd, const char *name)
{
	struct search *s = data;
	unsigned number;
	int length = 0;

	(void)dir_fd;
	if (sscanf(name, "nvme%u%n", &number, &length) != 1 || name[length])
		return 0;
	return add_nvme(s, name);
}

/* A disk that stands on no other, by where it is among the devices. */
static int look_at_disk(struct search *s, const char *name)
{
	HD_AUTOFREE char *link = NULL;
	HD_AUTOFREE char *subsystem = NULL;
	HD_AUTOFREE char *controller = NULL;
	const char *p;
	unsigned session;
	int r = hd_look_where(s->guard->host, "block", name, &link,
			      s->guard->err);

	if (r < 0 || !link)
		return r;
	if (hd_after(name, "nbd"))
		return add_nbd(s);
	p = strstr(link, "/session");
	if (p && sscanf(p, "/session%u/", &session) == 1)
		return add_iscsi(s, session);
	subsystem = cut(link, "/nvme-subsystem/", "/");
	controller = cut(link, "/nvme-fabrics/ctl/", "/");
	if (!subsystem || !controller)
		return hd_err_nomem(s->guard->err);
	if (*subsystem)
		return hd_look_into(s->guard->host, "nvme-subsystem", subsystem,
				    "", add_controller, s, s->guard->err);
	return *controller ? add_nvme(s, controller) : 0;
}

static int add_disk(struct search *s, const char *name)
{
	char **slot;

	for (size_t i = 0; i < s->n_disks; i++)
		if (strcmp(s->disks[i], name) == 0)
			return 0;
	if (s->n_disks >= DISKS_LIMIT)
		return hd_err_set(s->guard->err, E2BIG,
				  "it stands on more than %d disks",
				  DISKS_LIMIT);
	slot = hd_array_add(&s->disks, &s->n_disks, sizeof(*slot));
	if (slot)
		*slot = strdup(name);
	return slot && *slot ? 0 : hd_err_nomem(s->guard->err);
}

static int add_slave(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	return add_disk(data, name);
}

/* Down from the disks that the root is on. */
static int walk_down(struct search *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_disks; i++) {
		size_t before = s->n_disks;

		r = hd_look_into(s->guard->host, "block", s->disks[i], "slaves",
				 add_slave, s, s->guard->err);
		if (r == 0 && s->n_disks == before)
			r = look_at_disk(s, s->disks[i]);
	}
	return r;
}

/* By the kernel's number. */
static int add_numbered(struct search *s, unsigned major_number,
			unsigned minor_number)
{
	const struct hd_host *host = s->guard->host;
	HD_AUTOFREE char *link = NULL;
	struct hd_seen seen = hd_sysfs_read_number_link(host, major_number,
							minor_number, &link);
	/* What is gone is on no network. */
	int r = host->live ? hd_seen_optional(seen) : hd_seen_required(seen);

	if (r < 0 || !link)
		return hd_look_fail(host, r, s->guard->err,
				    HD_SYSFS "/dev/block/%u:%u", major_number,
				    minor_number);
	return add_disk(s, strrchr(link, '/') ? strrchr(link, '/') + 1 : link);
}

/* All devices of a btrfs, or of every one when it can't be told which it is. */
static int add_btrfs(struct search *s, const struct hd_mount *mount)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->btrfs.n; i++)
		if (!*mount->btrfs ||
		    strcmp(s->btrfs.items[i].uuid, mount->btrfs) == 0)
			r = add_disk(s, s->btrfs.items[i].layer.name);
	return r;
}

/* One of the names of a bcachefs. */
static int add_path(struct search *s, const char *path)
{
	HD_AUTO_SOURCE struct hd_source source = { .path = NULL };
	const char *slash = strrchr(path, '/');
	int r = hd_source_read(s->guard->host, path, &source, s->guard->err);

	if (r < 0)
		return r;
	if (source.is_node)
		return add_numbered(s, source.major, source.minor);
	return add_disk(s, source.last ? source.last :
			   slash       ? slash + 1 :
					 path);
}

static int add_named(struct search *s, const struct hd_mount *mount)
{
	HD_AUTOFREE char *paths = strdup(mount->source);
	char *rest = paths, *path;
	int r = paths ? 0 : hd_err_nomem(s->guard->err);

	while (r == 0 && (path = strsep(&rest, ":")))
		r = add_path(s, path);
	return r;
}

static int look_at_disks(struct search *s, const struct hd_mount *mount)
{
	int r = 0;

	if (mount->major)
		r = add_numbered(s, mount->major, mount->minor);
	else if (mount->btrfs)
		r = add_btrfs(s, mount);
	else if (strcmp(mount->type, "bcachefs") == 0)
		r = add_named(s, mount);
	if (r == 0)
		r = walk_down(s);
	for (size_t i = 0; i < s->n_disks; i++)
		free(s->disks[i]);
	free(s->disks);
	s->disks = NULL;
	s->n_disks = 0;
	return r;
}

static int look_at_mount(struct search *s, const struct hd_mount *mount)
{
	HD_AUTOFREE char *address = NULL;
	bool nfs = hd_after(mount->type, "nfs");
	int r = hd_mounts_option(mount, "addr", &address, s->guard->err);

	s->target = strcmp(mount->target, "/") == 0 ? "/" : "/usr";
	if (r == 0 && (address || nfs))
		r = add_server(s, nfs ? "NFS" : "network file system",
			       address ? hd_steal(&address) : strdup(""));
	else if (r == 0)
		r = look_at_disks(s, mount);
	if (r < 0)
		hd_err_wrap(s->guard->err,
			    "cannot find out whether %s is on the network",
			    s->target);
	return r;
}

/* What only kernels with such a root have. What can't be read may be there. */
static bool may_be(const struct hd_host *host)
{
	static const char *const paths[] = { HD_PROC_NFS,
					     HD_SYSFS_CLASS "/iscsi_connection",
					     HD_SYSFS_CLASS "/nvme-fabrics",
					     HD_SYSFS_BLOCK "/nbd0" };

	for (size_t i = 0; host->live && i < sizeof(paths) / sizeof(paths[0]);
	     i++) {
		HD_AUTOCLOSE int fd = -1;
		struct hd_seen seen =
			hd_host_openat(host, paths[i], O_PATH, &fd);

		if (seen.is != HD_ABSENT)
			return true;
	}
	return !host->live;
}

static void clear_search(struct search *s)
{
	hd_btrfs_clear(&s->btrfs);
}

int hd_servers_find(struct hd_guard *guard, struct hd_servers *ret)
{
	HD_AUTO_SERVERS struct hd_servers servers = { NULL, 0 };
	HD_AUTO_MOUNTS struct hd_mounts mounts = { NULL, 0 };
	HD_AUTO(clear_search)
	struct search search = { .guard = guard, .servers = &servers };
	int r = 0;

	if (may_be(guard->host))
		r = hd_mounts_read(guard->host, &mounts, guard->err);
	if (r == 0)
		r = hd_btrfs_read(guard->host, &mounts, &search.btrfs,
				  guard->err);
	for (size_t i = 0; r == 0 && i < mounts.n; i++)
		if (hd_guard_is_root(mounts.items[i].target))
			r = look_at_mount(&search, &mounts.items[i]);
	if (r < 0)
		return r;
	*ret = servers;
	servers = (struct hd_servers){ NULL, 0 };
	return 0;
}

void hd_servers_clear(struct hd_servers *servers)
{
	for (size_t i = 0; i < servers->n; i++)
		free(servers->items[i].address);
	free(servers->items);
	*servers = (struct hd_servers){ NULL, 0 };
}
