/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CAPTURE_RECORDING_H
#define HD_TOOLS_VERB_CAPTURE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/host/host.h"

/* What contents may tell of the host beyond what they are recorded for. */
enum hd_content {
	HD_CONTENT_BINARY, /* nothing; they stay as they are */
	HD_CONTENT_SETTING, /* an attribute, a setting: serials, MAC addresses
			     */
	HD_CONTENT_TEXT, /* what people write: the host's name as well */
	HD_CONTENT_SERIAL, /* they are a serial number or a MAC address */
	HD_CONTENT_HOST, /* they are the host's name or number */
};

/* How a file is recorded; of folders and links it says nothing. */
struct hd_capture_policy {
	enum hd_content content;
	size_t limit; /* bytes; 0: only that the file is there */
	bool cut; /* what is beyond @limit is cut off, not too much */
	bool awake; /* reading it would wake a sleeping device */
	bool keep; /* that it is there counts: unread, it stays empty */
};

/* A file, folder or symbolic link of the host. */
struct hd_recorded {
	char *path; /* without a leading slash; owned */
	mode_t mode; /* with its type */
	uid_t uid;
	gid_t gid;
	int64_t mtime;
	char *data; /* contents or target, with a final NUL; owned */
	size_t length;
	struct hd_capture_policy policy;
	bool unread; /* the contents are still to be read */
	bool walked; /* of a folder: what is below it is recorded */
};

/* What else there is to tell of a path: why it isn't recorded, for example. */
struct hd_remark {
	char *path, *text; /* owned */
};

struct hd_remarks {
	struct hd_remark *items;
	size_t n;
};

/* The parts of a host that are recorded. */
struct hd_recording {
	const struct hd_host *host;
	bool serials; /* they are to stay */
	struct hd_recorded **entries; /* owned, each of them too */
	size_t n;
	void *by_path; /* the same as a tree of tsearch(3), or NULL */
	struct hd_remarks misses; /* what isn't recorded, and why */
	struct hd_remarks nodes; /* device nodes, and what stat(2) tells */
	bool full; /* no more is added */
};

#define HD_AUTO_RECORDING __attribute__((cleanup(hd_recording_clear)))

/*
 * The functions that add return 0 or -ENOMEM: that something can't be recorded
 * is a miss. What is recorded already isn't recorded again.
 *
 * hd_recording_add() adds @path, that is to say @name below @dir_fd, or @dir_fd
 * itself with "", and the folders that lead to it: a file still without its
 * contents, a folder without what is in it, a link as it is.
 */
int hd_recording_add(struct hd_recording *record, const char *path, int dir_fd,
		     const char *name, const struct hd_capture_policy *policy);

/* Adds a miss with an errno's text; none for what isn't there. */
int hd_recording_miss_errno(struct hd_recording *record, const char *path,
			    int code);

int hd_recording_miss(struct hd_recording *record, const char *path,
		      const char *why);

/* Adds what stat(2) tells of a device node. */
int hd_recording_node(struct hd_recording *record, const char *path,
		      const struct stat *st);

/* The entry of a path, or NULL; not after hd_recording_finish(). */
struct hd_recorded *hd_recording_find(const struct hd_recording *record,
				      const char *path);

/* Forgets the entries that have lost their path and sorts the others. */
void hd_recording_finish(struct hd_recording *record);

void hd_recording_clear(struct hd_recording *record);

#endif
