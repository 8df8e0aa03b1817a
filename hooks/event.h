/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_HOOKS_EVENT_H
#define HD_HOOKS_EVENT_H

/* The events of libvirt's protocol, for both programs of the hook. */

/* What the first program looks at. It runs the second one when all of it says
 * that there may be something to do. */
enum hd_look {
	HD_LOOK_CLAIMS = 1 << 0, /* whether anything is taken */
	HD_LOOK_TEXT = 1 << 1, /* see hd_domain_may_ask() */
};

/* What the second one does then. */
enum hd_work {
	HD_WORK_NONE,
	HD_WORK_PREPARE,
	HD_WORK_START,
	HD_WORK_RUNNING,
	HD_WORK_RELEASE,
	HD_WORK_FILTER,
};

/* What libvirt does when a hook fails. */
enum hd_consequence {
	HD_REFUSES, /* it doesn't go on */
	HD_LOGS,
	HD_KILLS, /* it ends the running guest: so a hook must not fail */
};

struct hd_event {
	const char *operation;
	enum hd_work work;
	unsigned looks; /* HD_LOOK_… */
	enum hd_consequence consequence;
	const char *refusal; /* "is not started", of what refuses */
};

/* NULL when it is one that we don't know, as of a newer libvirt. */
const struct hd_event *hd_event_find(const char *operation);

#endif
