// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/event.h"

#include <string.h>

/*
 * src/util/virhook.c of libvirt. Without work stdin may stay unread. An event
 * that isn't here must not be in libvirt's way.
 */
static const struct hd_event events[] = {
	{ "prepare", HD_WORK_PREPARE, HD_LOOK_TEXT, HD_REFUSES,
	  "is not started" },
	{ "start", HD_WORK_START, HD_LOOK_TEXT, HD_REFUSES, "is not started" },
	{ "started", HD_WORK_RUNNING, HD_LOOK_CLAIMS | HD_LOOK_TEXT, HD_KILLS,
	  NULL },
	/* The devices are still with vfio. */
	{ "stopped", HD_WORK_NONE, 0, HD_LOGS, NULL },
	{ "release", HD_WORK_RELEASE, HD_LOOK_CLAIMS, HD_LOGS, NULL },
	{ "migrate", HD_WORK_FILTER, HD_LOOK_TEXT, HD_REFUSES,
	  "can't come here" },
	{ "restore", HD_WORK_FILTER, HD_LOOK_TEXT, HD_REFUSES,
	  "can't come here" },
	{ "reconnect", HD_WORK_RUNNING, HD_LOOK_CLAIMS | HD_LOOK_TEXT, HD_KILLS,
	  NULL },
	/* Defined by libvirt, never called. */
	{ "attach", HD_WORK_NONE, 0, HD_LOGS, NULL },
};

const struct hd_event *hd_event_find(const char *operation)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(operation, events[i].operation) == 0)
			return &events[i];
	return NULL;
}
