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
#include "lib/base/seen.h"
#include "lib/host/device.h"

/* What was set aside; see hd_claim_set_aside(). */
#define ASIDE ".damaged"
/* What becomes the claim when it is written whole. */
#define NEW ".new"
/* Room for what becomes the claim when there is none left in /run. */
#define SPARE ".spare"

struct name {
	char s[HD_UUID_SIZE + sizeof(ASIDE)];
};

static struct name name_of(const char *uuid, const char *ending)
{
	struct name name;

	snprintf(name.s, sizeof(name.s), "%s%s", uuid, ending);
	return name;
}

/* Whether a name is a UUID with that ending; the UUID. */
static bool is_name_of(const char *name, const char *ending,
		       char ret[HD_UUID_SIZE])
{
	if (strlen(name) < HD_UUID_SIZE - 1 ||
	    strcmp(name + HD_UUID_SIZE - 1, ending) != 0)
		return false;
	memcpy(ret, name, HD_UUID_SIZE - 1);
	ret[HD_UUID_SIZE - 1] = '\0';
	return hd_uuid_is_canonical(ret);
}

/* A domain has hundreds of devices at the most; a line has some 300 bytes. */
#define CLAIM_LIMIT (1024 * 1024)

static int read_file(int dir_fd, const char *name, char **ret, size_t *ret_n)
{
	HD_AUTOCLOSE int fd = openat(
		dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	r = hd_read_all(fd, CLAIM_LIMIT, ret, ret_n);
	return r == -EFBIG ? -EBADMSG : r;
}

/* Whether it is one of those that a person has to settle. */
static bool is_unsettled(int r)
{
	return r == -EBADMSG || r == -EPROTONOSUPPORT;
}

static void explain(const char *name, const char *uuid, int r,
		    struct hd_err *err)
{
	hd_err_wrap(err, "the claim " HD_STATE_DIR "/claims/%s can't be used",
		    name);
	if (r == -EPROTONOSUPPORT)
		hd_err_fix(
			err,
			"Use the version that wrote it; or, to give up what it says: virt-hostdev recover --accept %s",
			uuid);
	else
		hd_err_fix(
			err,
			"To give back what can be told of it, and forget it: virt-hostdev recover --accept %s",
			uuid);
}

/* What can be used of it; nothing, when it says that it is another one's. */
static int salvage(const char *text, size_t length, const char *uuid,
		   struct hd_claim *ret, struct hd_err *err)
{
	int r = hd_claim_salvage(text, length, ret, err);

	if (r == 0 && ret->owned && strcmp(ret->uuid, uuid) != 0)
		hd_claim_clear(ret);
	ret->damaged = true;
	memcpy(ret->uuid, uuid, HD_UUID_SIZE);
	return r;
}

/* Looks for the groups of the devices that had none when they were taken. */
static int find_late_groups(const struct hd_state *state,
			    struct hd_claim *claim, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claim->n_devices; i++) {
		struct hd_claim_device *device = &claim->devices[i];

		if (device->late)
			r = hd_device_read_group(state->host, device->addr,
						 &device->group, err);
		if (r == -ENOENT) /* it is gone */
			r = 0;
	}
	return r;
}

/*
 * Reads the claim in a file. -ENOENT without a sentence when there is none. Of
 * one that is_unsettled() *@ret is what is left.
 */
static int load_file(const struct hd_state *state, const char *name,
		     const char *uuid, struct hd_claim *ret, struct hd_err *err)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_ERR struct hd_err nomem = HD_ERR_INIT;
	HD_AUTOFREE char *text = NULL;
	size_t length = 0;
	int r = read_file(state->claims_fd, name, &text, &length), late;

	if (r == -ENOENT)
		return r;
	if (r < 0 && r != -EBADMSG)
		return hd_err_set(err, -r,
				  "cannot read " HD_STATE_DIR "/claims/%s: %s",
				  name, strerror(-r));
	if (r == -EBADMSG)
		hd_err_set(err, EBADMSG, "it is too large or no file");
	else
		r = hd_claim_parse(text, length, &claim, err);
	if (r == 0 && strcmp(claim.uuid, uuid) != 0)
		r = hd_err_set(err, EBADMSG, "it is the claim of %s",
			       claim.uuid);
	if (is_unsettled(r)) {
		hd_claim_clear(&claim);
		if (salvage(text ? text : "", r == -EBADMSG ? length : 0, uuid,
			    &claim, &nomem) < 0)
			return hd_err_nomem(err);
		explain(name, uuid, r, err);
	}
	if (r < 0 && !is_unsettled(r))
		return r;
	late = find_late_groups(state, &claim, &nomem);
	if (late < 0) {
		hd_err_clear(err);
		return hd_err_set(err, -late, "%s", hd_err_message(&nomem));
	}
	*ret = claim;
	claim = (struct hd_claim){ .domain = NULL };
	return r;
}

HD_LOOK static struct hd_seen look(int dir_fd, const char *name)
{
	return hd_seen_of(faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) <
					  0 ?
				  -errno :
				  0);
}

/* Reads a whole claim that somebody has set aside, and gives it its place back
 * if it can be had. */
static int load_aside(const struct hd_state *state, const char *uuid,
		      struct hd_claim *ret, struct hd_err *err)
{
	struct name aside = name_of(uuid, ASIDE);
	int r = load_file(state, aside.s, uuid, ret, err);

	if (r == 0 && state->writable)
		renameat2(state->claims_fd, aside.s, state->claims_fd, uuid,
			  RENAME_NOREPLACE);
	return r;
}

/* The claim of a domain, or what is left of it. */
static int load(const struct hd_state *state, const char *uuid,
		struct hd_claim *ret, struct hd_err *err)
{
	int r = load_file(state, uuid, uuid, ret, err);

	if (r != -ENOENT)
		return r;
	r = load_aside(state, uuid, ret, err);
	/* Of what isn't whole the domain has none any more. */
	if (is_unsettled(r)) {
		hd_claim_clear(ret);
		hd_err_clear(err);
		return -ENOENT;
	}
	/* Another one may have given it its place back just now. */
	return r == -ENOENT ? load_file(state, uuid, uuid, ret, err) : r;
}

static int load_either(const struct hd_state *state, const char *uuid,
		       bool left, struct hd_claim *ret, struct hd_err *err)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	int r;

	if (!hd_uuid_is_canonical(uuid))
		return -ENOENT;
	r = load(state, uuid, &claim, &cause);
	if (left && r == -EBADMSG)
		r = 0;
	if (r == 0) {
		*ret = claim;
		claim = (struct hd_claim){ .domain = NULL };
	} else if (r != -ENOENT && err) {
		hd_err_clear(err);
		*err = cause;
		cause = (struct hd_err)HD_ERR_INIT;
	}
	return r;
}

int hd_claim_load(const struct hd_state *state, const char *uuid,
		  struct hd_claim *ret, struct hd_err *err)
{
	return load_either(state, uuid, false, ret, err);
}

int hd_claim_load_left(const struct hd_state *state, const char *uuid,
		       struct hd_claim *ret, struct hd_err *err)
{
	return load_either(state, uuid, true, ret, err);
}

/* Into a new file first, which then takes the old one's place. */
static int try_replace(int dir_fd, const char *uuid, const char *text)
{
	struct name new = name_of(uuid, NEW);
	HD_AUTOCLOSE int fd = -1;
	int r;

	if (unlinkat(dir_fd, new.s, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir_fd, new.s,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = hd_write_all(fd, text, strlen(text));
	if (r == 0 && renameat(dir_fd, new.s, dir_fd, uuid) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, new.s, 0);
	return r;
}

/* hd_claims_tidy() may take a new file for one that nobody will finish. */
static int replace_file(int dir_fd, const char *uuid, const char *text)
{
	int r = -ENOENT;

	for (int tries = 0; r == -ENOENT && tries < 10; tries++)
		r = try_replace(dir_fd, uuid, text);
	return r;
}

/*
 * How much a claim may come to need while its devices are given back: each may
 * get a worker, after one that the kernel holds, and there is an error to keep.
 */
static size_t room_for(const struct hd_claim *claim, const char *text)
{
	static const char worker[] =
		"worker 10000:e1:1f.7 2147483647 18446744073709551615 01234567\n";

	return strlen(text) + claim->n_devices * 2 * sizeof(worker) +
	       sizeof("%20") * HD_CLAIM_ERROR_MAX;
}

/* Makes the spare file at least as large; 0 or a negative errno. */
static int make_spare(int dir_fd, const char *uuid, size_t room)
{
	static const char blanks[] = "                                "
				     "                               \n";
	struct name spare = name_of(uuid, SPARE);
	HD_AUTOCLOSE int fd = -1;
	struct stat st;
	int r = 0;

	if (fstatat(dir_fd, spare.s, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (size_t)st.st_size >= room)
		return 0;
	fd = openat(dir_fd, spare.s,
		    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	for (size_t n = (size_t)st.st_size; r == 0 && n < room;
	     n += sizeof(blanks) - 1)
		r = hd_write_all(fd, blanks, sizeof(blanks) - 1);
	if (r < 0 && (st.st_size == 0 || ftruncate(fd, st.st_size) < 0))
		unlinkat(dir_fd, spare.s, 0);
	return r;
}

/* Writes into the spare file, which takes the old one's place. */
static int fill_spare(int dir_fd, const char *new, const char *uuid,
		      const char *text)
{
	HD_AUTOCLOSE int fd =
		openat(dir_fd, new, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t length = strlen(text);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((size_t)st.st_size < length)
		return -ENOSPC;
	r = hd_write_all(fd, text, length);
	if (r == 0 && (ftruncate(fd, (off_t)length) < 0 ||
		       renameat(dir_fd, new, dir_fd, uuid) < 0))
		r = -errno;
	return r;
}

static int use_spare(int dir_fd, const char *uuid, const char *text)
{
	struct name new = name_of(uuid, NEW), spare = name_of(uuid, SPARE);
	int r;

	if (renameat(dir_fd, spare.s, dir_fd, new.s) < 0)
		return -errno;
	r = fill_spare(dir_fd, new.s, uuid, text);
	if (r < 0)
		renameat(dir_fd, new.s, dir_fd, spare.s);
	return r;
}

/*
 * With its spare file: a claim without one could not be changed any more when
 * there is no room left. Nothing is synced: /run is in memory, and what is lost
 * with it is true no more.
 */
static int write_claim(const struct hd_state *state,
		       const struct hd_claim *claim, const char *text)
{
	size_t room = room_for(claim, text);
	int dir_fd = state->claims_fd;
	struct hd_seen before = look(dir_fd, claim->uuid);
	int r = replace_file(dir_fd, claim->uuid, text), spared;

	if (r < 0 && use_spare(dir_fd, claim->uuid, text) == 0)
		r = 0;
	if (r < 0)
		return r;
	spared = make_spare(dir_fd, claim->uuid, room);
	if (spared == 0 || claim->phase != HD_STARTING)
		return 0;
	/* Nothing has been taken yet. */
	if (before.is == HD_ABSENT)
		unlinkat(dir_fd, claim->uuid, 0);
	return spared;
}

int hd_claim_save(const struct hd_state *state, const struct hd_claim *claim,
		  struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	int r;

	if (claim->damaged)
		return hd_err_set(err, EINVAL, "a damaged claim isn't saved");
	text = hd_claim_format(claim);
	if (!text)
		return hd_err_nomem(err);
	r = write_claim(state, claim, text);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot write " HD_STATE_DIR "/claims/%s: %s",
				  claim->uuid, strerror(-r));
	return 0;
}

int hd_claim_remove(const struct hd_state *state, const char *uuid,
		    struct hd_err *err)
{
	/* Of a hook that was killed while it wrote. */
	unlinkat(state->claims_fd, name_of(uuid, NEW).s, 0);
	unlinkat(state->claims_fd, name_of(uuid, SPARE).s, 0);
	if (unlinkat(state->claims_fd, uuid, 0) < 0) {
		int r = -errno;

		/* Where nothing can be written it is not even looked for. */
		if (look(state->claims_fd, uuid).is != HD_ABSENT)
			return hd_err_set(err, -r,
					  "cannot remove " HD_STATE_DIR
					  "/claims/%s: %s",
					  uuid, strerror(-r));
	}
	return 0;
}

int hd_claim_save_rest(const struct hd_state *state,
		       const struct hd_claim *claim, struct hd_err *err)
{
	return claim->n_devices ? hd_claim_save(state, claim, err) :
				  hd_claim_remove(state, claim->uuid, err);
}

int hd_claim_set_aside(const struct hd_state *state, const char *uuid,
		       struct hd_err *err)
{
	struct name aside = name_of(uuid, ASIDE);

	unlinkat(state->claims_fd, name_of(uuid, NEW).s, 0);
	unlinkat(state->claims_fd, name_of(uuid, SPARE).s, 0);
	if (renameat2(state->claims_fd, uuid, state->claims_fd, aside.s,
		      RENAME_NOREPLACE) == 0 ||
	    errno == ENOENT)
		return 0;
	hd_err_set(err, errno,
		   "cannot set the damaged claim " HD_STATE_DIR
		   "/claims/%s aside: %m",
		   uuid);
	hd_err_fix(err, "virt-hostdev recover --accept %s", uuid);
	return -err->code;
}

int hd_unsettled_forget(const struct hd_state *state,
			const struct hd_unsettled *unsettled,
			struct hd_err *err)
{
	struct name aside = name_of(unsettled->uuid, ASIDE);

	if (!unsettled->aside)
		return hd_claim_remove(state, unsettled->uuid, err);
	if (unlinkat(state->claims_fd, aside.s, 0) < 0 && errno != ENOENT)
		return hd_err_set(err, errno,
				  "cannot remove " HD_STATE_DIR
				  "/claims/%s: %m",
				  aside.s);
	return 0;
}

/* Says it once, however often they are loaded. */
static int report(const struct hd_unsettled *unsettled,
		  struct hd_findings *findings, struct hd_err *err)
{
	for (size_t i = 0; i < findings->n; i++)
		if (strcmp(findings->items[i].message, unsettled->message) == 0)
			return 0;
	return hd_findings_add(
		findings,
		unsettled->foreign ? "claim-version" : "claim-damaged",
		HD_WARNING, HD_WHOLE_DOMAIN, hd_text("%s", unsettled->message),
		unsettled->fix ? hd_text("%s", unsettled->fix) : NULL, err);
}

/* Takes over what is left of a claim, and the error that tells why. */
static int add_unsettled(struct hd_claims *claims, struct hd_claim *left,
			 bool aside, struct hd_err *cause,
			 struct hd_findings *findings, struct hd_err *err)
{
	struct hd_unsettled *slot = hd_array_add(
		&claims->unsettled, &claims->n_unsettled, sizeof(*slot));

	if (!slot || !cause->message) {
		claims->n_unsettled -= slot != NULL;
		return hd_err_nomem(err);
	}
	memcpy(slot->uuid, left->uuid, HD_UUID_SIZE);
	slot->aside = aside;
	slot->foreign = cause->code == EPROTONOSUPPORT;
	slot->message = hd_steal(&cause->message);
	slot->fix = hd_steal(&cause->fix);
	slot->left = *left;
	*left = (struct hd_claim){ .domain = NULL };
	return report(slot, findings, err);
}

static int add_whole(struct hd_claims *claims, struct hd_claim *claim,
		     struct hd_err *err)
{
	struct hd_claim *slot;

	/* It got its place back while the folder was read. */
	for (size_t i = 0; i < claims->n; i++)
		if (strcmp(claims->items[i].uuid, claim->uuid) == 0)
			return 0;
	slot = hd_array_add(&claims->items, &claims->n, sizeof(*slot));
	if (!slot)
		return hd_err_nomem(err);
	*slot = *claim;
	*claim = (struct hd_claim){ .domain = NULL };
	return 0;
}

/* Adds the claim of a domain, or what was set aside of it. */
static int load_into(const struct hd_state *state, const char *uuid, bool aside,
		     struct hd_claims *claims, struct hd_findings *findings,
		     struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	struct hd_seen other =
		aside ? look(state->claims_fd, uuid) : hd_seen_absent();
	/* What was set aside and is whole comes after what has its place. */
	bool late = other.is == HD_PRESENT;
	int r;

	if (other.is == HD_UNKNOWN)
		return hd_err_set(err, -other.error,
				  "cannot look for " HD_STATE_DIR
				  "/claims/%s: %s",
				  uuid, strerror(-other.error));
	r = late  ? load_file(state, name_of(uuid, ASIDE).s, uuid, &claim,
			      &cause) :
	    aside ? load_aside(state, uuid, &claim, &cause) :
		    load_file(state, uuid, uuid, &claim, &cause);
	if (r == -ENOENT) /* its guest ended meanwhile */
		return 0;
	if (r == 0 && late) {
		r = hd_err_set(&cause, EEXIST,
			       "it was set aside, and its guest has another");
		explain(name_of(uuid, ASIDE).s, uuid, r, &cause);
	}
	if (is_unsettled(r) || r == -EEXIST)
		return add_unsettled(claims, &claim, aside, &cause, findings,
				     err);
	if (r < 0)
		return hd_err_set(err, -r, "%s", hd_err_message(&cause));
	return add_whole(claims, &claim, err);
}

/* What belongs to no claim; hd_claim_remove() does it for those that do. One
 * that was set aside may get its place back. */
static int tidy(void *data, int dir_fd, const char *name)
{
	char uuid[HD_UUID_SIZE];

	(void)data;
	if ((is_name_of(name, NEW, uuid) || is_name_of(name, SPARE, uuid)) &&
	    look(dir_fd, uuid).is == HD_ABSENT &&
	    look(dir_fd, name_of(uuid, ASIDE).s).is == HD_ABSENT)
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

/* Adds what is in a file of the folder. */
static int visit(const struct hd_state *state, const char *name,
		 struct hd_claims *claims, struct hd_findings *findings,
		 struct hd_err *err)
{
	char uuid[HD_UUID_SIZE];

	if (is_name_of(name, "", uuid))
		return load_into(state, uuid, false, claims, findings, err);
	if (is_name_of(name, ASIDE, uuid))
		return load_into(state, uuid, true, claims, findings, err);
	return 0;
}

int hd_claims_load(const struct hd_state *state, struct hd_claims *ret,
		   struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
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
		r = visit(state, entry->d_name, &claims, findings, err);
	closedir(dir);
	if (unread < 0)
		return hd_err_set(err, -unread,
				  "cannot read " HD_STATE_DIR "/claims: %s",
				  strerror(-unread));
	if (r < 0)
		return r;
	*ret = claims;
	claims = (struct hd_claims)HD_CLAIMS_INIT;
	return 0;
}

struct hd_unsettled *hd_claims_find_unsettled(const struct hd_claims *claims,
					      const char *uuid)
{
	struct hd_unsettled *found = NULL;

	for (size_t i = 0; i < claims->n_unsettled; i++)
		if (strcmp(claims->unsettled[i].uuid, uuid) == 0 &&
		    (!found || found->aside))
			found = &claims->unsettled[i];
	return found;
}

void hd_claims_clear(struct hd_claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		hd_claim_clear(&claims->items[i]);
	for (size_t i = 0; i < claims->n_unsettled; i++) {
		hd_claim_clear(&claims->unsettled[i].left);
		free(claims->unsettled[i].message);
		free(claims->unsettled[i].fix);
	}
	free(claims->items);
	free(claims->unsettled);
	*claims = (struct hd_claims)HD_CLAIMS_INIT;
}
