// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/holders_user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/proc.h"

/* Who started a process, and by what it may open files; credentials(7). */
struct creds {
	unsigned real, uids[4], gids[4];
	unsigned long long capabilities;
	char *groups; /* "24 27 1000 ", within @text */
	char *text; /* owned */
};

/* Reads "Uid:	1000	1000	1000	1000" and the like. */
static int parse_ids(const char *text, const char *name, unsigned ids[4])
{
	const char *line = strstr(text, name);

	return line && sscanf(line + strlen(name), "%u %u %u %u", &ids[0],
			      &ids[1], &ids[2], &ids[3]) == 4 ?
		       0 :
		       -EPROTO;
}

int hd_holder_read(const struct hd_holder_search *s, const char *name,
		   size_t most, char **ret)
{
	HD_AUTOCLOSE int fd = -1;
	size_t length;

	fd = openat(s->proc_fd, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : hd_read_first(fd, most, ret, &length);
}

static int read_creds(const struct hd_holder_search *s, struct creds *ret)
{
	const char *capabilities;
	int r = hd_holder_read(s, "status", 1024 * 1024, &ret->text);

	/* The name comes first, with newlines escaped: these can't be in it. */
	if (r == 0)
		r = parse_ids(ret->text, "\nUid:\t", ret->uids);
	if (r == 0)
		r = parse_ids(ret->text, "\nGid:\t", ret->gids);
	if (r < 0)
		return r;
	ret->real = ret->uids[0];
	ret->groups = strstr(ret->text, "\nGroups:\t");
	capabilities = strstr(ret->text, "\nCapPrm:\t");
	if (!ret->groups || !capabilities)
		return -EPROTO;
	ret->groups += strlen("\nGroups:\t");
	ret->capabilities =
		strtoull(capabilities + strlen("\nCapPrm:\t"), NULL, 16);
	return 0;
}

static int user_namespace(int fd, ino_t *ret)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

/*
 * Who made the user namespace that a process is in, below ours; false when it
 * is in ours. A namespace of root's is a container: a user for itself.
 */
static bool find_namespace(const struct hd_holder_search *s, uint64_t *ret)
{
	ino_t ours = 0, upper = 0, ino = 0;
	int fd = openat(s->proc_fd, "ns/user", O_RDONLY | O_CLOEXEC);
	int self = openat(s->proc_fd, "../self/ns/user", O_RDONLY | O_CLOEXEC);
	bool below = false;

	if (user_namespace(self, &ours) == 0 && user_namespace(fd, &ino) == 0 &&
	    ino != ours) {
		uid_t owner = 0;
		int parent;

		while ((parent = ioctl(fd, NS_GET_PARENT)) >= 0 &&
		       user_namespace(parent, &upper) == 0 && upper != ours) {
			close(fd);
			fd = parent;
			ino = upper;
		}
		hd_auto_close(&parent);
		if (ioctl(fd, NS_GET_OWNER_UID, &owner) < 0)
			owner = 0;
		*ret = owner ? owner : (UINT64_C(1) << 32 | (uint64_t)ino);
		below = true;
	}
	hd_auto_close(&fd);
	hd_auto_close(&self);
	return below;
}

struct hd_holder_account *hd_holder_find_account(struct hd_holder_search *s)
{
	struct hd_holder_progress *p = s->progress;
	struct creds creds = { .text = NULL };
	uint64_t user = UINT64_MAX; /* nobody knows */
	size_t i = 0;
	int r = read_creds(s, &creds);

	free(creds.text);
	if (!find_namespace(s, &user)) {
		if (r == 0 && creds.real == 0)
			return NULL;
		if (r == 0)
			user = creds.real;
	}
	while (i < p->n_accounts && p->accounts[i].user != user)
		i++;
	if (i == HD_HOLDERS_USERS)
		return &p->accounts[i - 1];
	if (i == p->n_accounts)
		p->accounts[p->n_accounts++].user = user;
	return &p->accounts[i];
}

static bool has_bits(const struct statx *st, unsigned bits)
{
	return st->stx_mode & bits &
	       (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
}

static bool is_one_of(unsigned id, const unsigned ids[4])
{
	return id == ids[0] || id == ids[1] || id == ids[2] || id == ids[3];
}

static bool is_in_groups(unsigned gid, const struct creds *creds)
{
	const char *p = creds->groups;
	char *end;

	if (is_one_of(gid, creds->gids))
		return true;
	for (; *p && *p != '\n'; p = end) {
		if (strtoul(p, &end, 10) == gid && end != p)
			return true;
		if (end == p)
			break;
		end += strspn(end, " ");
	}
	return false;
}

/* Whether a file has an access control list; also when that isn't known. */
static bool has_list(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), HD_PROC "/self/fd/%d", fd);
	return getxattr(path, "system.posix_acl_access", NULL, 0) > 0 ||
	       (errno != ENODATA && errno != EOPNOTSUPP);
}

/* Whether somebody may open a device's file; also when that isn't known. */
static bool may_open(const struct hd_holder_search *s,
		     const struct hd_holder_target *target,
		     const struct creds *creds)
{
	HD_AUTOCLOSE int fd = -1;
	struct statx st;
	char path[64];

	if (target->type == S_IFREG)
		return true;
	snprintf(path, sizeof(path), "/dev/%s/%u:%u",
		 target->type == S_IFBLK ? "block" : "char", target->major,
		 target->minor);
	if (hd_host_openat(s->host, path, O_PATH, &fd).is != HD_PRESENT ||
	    statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		  STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID, &st) < 0 ||
	    (st.stx_mode & S_IFMT) != target->type ||
	    st.stx_rdev_major != target->major ||
	    st.stx_rdev_minor != target->minor)
		return true;
	/* With an access control list the group's bits are its mask, acl(5). */
	return has_bits(&st, S_IRWXO) ||
	       (is_one_of(st.stx_uid, creds->uids) && has_bits(&st, S_IRWXU)) ||
	       (has_bits(&st, S_IRWXG) &&
		(is_in_groups(st.stx_gid, creds) || has_list(fd)));
}

bool hd_holder_may_hold(const struct hd_holder_search *s)
{
	struct creds creds = { .text = NULL };
	uint64_t user;
	bool may = read_creds(s, &creds) < 0 || is_one_of(0, creds.uids) ||
		   (creds.capabilities && !find_namespace(s, &user));

	for (size_t i = 0; !may && i < s->targets->n; i++) {
		const struct hd_holder_target *target = &s->targets->items[i];

		may = hd_hold_harms_for_good(
			      target->hold,
			      s->devices[target->device].driver) &&
		      may_open(s, target, &creds);
	}
	free(creds.text);
	return may;
}

uid_t hd_holder_user(const struct hd_holder_search *s)
{
	struct creds creds = { .text = NULL };
	uid_t user = read_creds(s, &creds) == 0 ? creds.real : 0;

	free(creds.text);
	return user;
}
