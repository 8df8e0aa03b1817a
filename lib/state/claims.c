// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/claims.h"

/* The claims of all domains, each in its file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define DAMAGED ".damaged"
#define NEW ".new"

/* A domain has hundreds of devices at the most; a line has some 300 bytes. */
#define CLAIM_LIMIT (1024 * 1024)

static int read_file(int dir_fd, const char *name, char **ret, size_t *ret_n)
{
	HD_AUTOCLOSE int fd = openat(
		dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	r = hd_read_all(fd, CLAIM_LIMIT, ret, ret_n);
	return r == -EFBIG ? -EBADMSG : r;
}

/* What can't be read is kept for a person to look at, under another name. */
static void set_aside(const struct hd_state *state, const char *uuid)
{
	char name[HD_UUID_SIZE + sizeof(DAMAGED)];

	if (!state->writable)
		return;
	snprintf(name, sizeof(name), "%s" DAMAGED, uuid);
	renameat(state->claims_fd, uuid, state->claims_fd, name);
}

int hd_claim_load(const struct hd_state *state, const char *uuid,
		  struct hd_claim *ret, struct hd_err *err)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE char *text = NULL;
	size_t length = 0;
	int r;

	if (!hd_uuid_is_canonical(uuid))
		return -ENOENT;
	r = read_file(state->claims_fd, uuid, &text, &length);
	if (r == -ENOENT)
		return r;
	if (r < 0 && r != -EBADMSG)
		return hd_err_set(err, -r,
				  "cannot read " HD_STATE_DIR "/claims/%s: %s",
				  uuid, strerror(-r));
	if (r == -EBADMSG)
		hd_err_set(err, EBADMSG, "it is too large or no file");
	else
		r = hd_claim_parse(text, length, &claim, err);
	if (r == 0 && strcmp(claim.uuid, uuid) != 0)
		r = hd_err_set(err, EBADMSG, "it is the claim of %s",
			       claim.uuid);
	if (r == -EBADMSG) {
		hd_err_wrap(err,
			    "the claim " HD_STATE_DIR
			    "/claims/%s can't be used",
			    uuid);
		if (state->writable)
			hd_err_fix(
				err,
				"compare " HD_STATE_DIR "/claims/%s" DAMAGED
				" with the drivers that virt-hostdev list shows",
				uuid);
		set_aside(state, uuid);
	}
	if (r < 0)
		return r;
	*ret = claim;
	claim = (struct hd_claim){ .domain = NULL };
	return 0;
}

/* Into a new file first, which then takes the old one's place. */
static int try_replace(int dir_fd, const char *name, const char *text)
{
	char temporary[HD_UUID_SIZE + sizeof(NEW)];
	HD_AUTOCLOSE int fd = -1;
	int r;

	snprintf(temporary, sizeof(temporary), "%s" NEW, name);
	if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir_fd, temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = hd_write_all(fd, text, strlen(text));
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, temporary, 0);
	return r;
}

/* hd_claims_tidy() may take a new file for one that nobody will finish. */
static int replace_file(int dir_fd, const char *name, const char *text)
{
	int r = -ENOENT;

	for (int tries = 0; r == -ENOENT && tries < 10; tries++)
		r = try_replace(dir_fd, name, text);
	return r;
}

int hd_claim_save(const struct hd_state *state, const struct hd_claim *claim,
		  struct hd_err *err)
{
	HD_AUTOFREE char *text = hd_claim_format(claim);
	int r;

	if (!text)
		return hd_err_nomem(err);
	r = replace_file(state->claims_fd, claim->uuid, text);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot write " HD_STATE_DIR "/claims/%s: %s",
				  claim->uuid, strerror(-r));
	return 0;
}

int hd_claim_remove(const struct hd_state *state, const char *uuid,
		    struct hd_err *err)
{
	char temporary[HD_UUID_SIZE + sizeof(NEW)];

	/* Of a hook that was killed while it wrote. */
	snprintf(temporary, sizeof(temporary), "%s" NEW, uuid);
	unlinkat(state->claims_fd, temporary, 0);
	if (unlinkat(state->claims_fd, uuid, 0) < 0 && errno != ENOENT)
		return hd_err_set(
			err, errno,
			"cannot remove " HD_STATE_DIR "/claims/%s: %m", uuid);
	return 0;
}

int hd_claim_save_rest(const struct hd_state *state,
		       const struct hd_claim *claim, struct hd_err *err)
{
	return claim->n_devices ? hd_claim_save(state, claim, err) :
				  hd_claim_remove(state, claim->uuid, err);
}

/* Adds the claim in file @name; one that can't be used becomes a finding. */
static int load_into(const struct hd_state *state, const char *name,
		     struct hd_claims *claims, struct hd_findings *findings,
		     struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	struct hd_claim claim, *slot;
	int r = hd_claim_load(state, name, &claim, &cause);

	if (r == -ENOENT) /* its guest ended meanwhile */
		return 0;
	if (r == -EBADMSG)
		return hd_findings_add(
			findings, "claim-damaged", HD_WARNING, HD_WHOLE_DOMAIN,
			hd_steal(&cause.message), hd_steal(&cause.fix), err);
	if (r < 0)
		return hd_err_set(err, -r, "%s", hd_err_message(&cause));
	slot = hd_array_add(&claims->items, &claims->n, sizeof(*slot));
	if (!slot) {
		hd_claim_clear(&claim);
		return hd_err_nomem(err);
	}
	*slot = claim;
	return 0;
}

/* Removes UUID.new unless there is a UUID, whose hd_claim_remove() does it. */
static int tidy(void *data, int dir_fd, const char *name)
{
	char uuid[HD_UUID_SIZE] = "";
	size_t n = strlen(name);

	(void)data;
	if (n != HD_UUID_SIZE - 1 + strlen(NEW) ||
	    strcmp(name + HD_UUID_SIZE - 1, NEW) != 0)
		return 0;
	memcpy(uuid, name, HD_UUID_SIZE - 1);
	if (hd_uuid_is_canonical(uuid) &&
	    faccessat(dir_fd, uuid, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		unlinkat(dir_fd, name, 0);
	return 0;
}

void hd_claims_tidy(const struct hd_state *state)
{
	int fd = openat(state->claims_fd, ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		hd_dir_each(fd, tidy, NULL);
}

static int stop(void *data, int dir_fd, const char *name)
{
	(void)data, (void)dir_fd, (void)name;
	return 1;
}

bool hd_claims_exist(const struct hd_host *host)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	int r = hd_state_open(host, HD_STATE_READ, &state, NULL);
	int fd = -1;

	if (r == 0)
		fd = openat(state.claims_fd, ".",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r == 0 ? hd_dir_each(fd < 0 ? -errno : fd, stop, NULL) != 0 :
			r != -ENOENT;
}

int hd_claims_load(const struct hd_state *state, struct hd_claims *ret,
		   struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTO_CLAIMS struct hd_claims claims = { NULL, 0 };
	HD_AUTOCLOSE int fd = openat(state->claims_fd, ".",
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int unread = 0, r = 0;

	if (!dir)
		return hd_err_set(err, errno,
				  "cannot read " HD_STATE_DIR "/claims: %m");
	fd = -1; /* closedir() closes it */
	while (r == 0 && (entry = hd_dir_next(dir, &unread)))
		if (hd_uuid_is_canonical(entry->d_name))
			r = load_into(state, entry->d_name, &claims, findings,
				      err);
	closedir(dir);
	if (unread < 0)
		return hd_err_set(err, -unread,
				  "cannot read " HD_STATE_DIR "/claims: %s",
				  strerror(-unread));
	if (r < 0)
		return r;
	*ret = claims;
	claims = (struct hd_claims){ NULL, 0 };
	return 0;
}

void hd_claims_clear(struct hd_claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		hd_claim_clear(&claims->items[i]);
	free(claims->items);
	*claims = (struct hd_claims){ NULL, 0 };
}
