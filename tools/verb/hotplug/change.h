/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_HOTPLUG_CHANGE_H
#define HD_TOOLS_VERB_HOTPLUG_CHANGE_H

#include "lib/base/finding.h"
#include "lib/handover/hotplug.h"
#include "lib/handover/hotplug_end.h"
#include "lib/host/addr.h"
#include "lib/state/log.h"
#include "tools/cli/named_devices.h"
#include "tools/libvirt/connection.h"
#include "tools/tool.h"
#include "xml/domain/domain.h"

/* A guest's document, as text and as what it asks for. */
struct hd_guest_text {
	char *text; /* NULL when it has none; owned */
	struct hd_domain domain;
};

/* What their options say. */
struct hd_change_values {
	bool live, config; /* neither: what the domain is in now */
	bool unmanaged; /* in the definition */
	struct hd_allows allows;
};

/* The rows of --live and --config. */
#define HD_CHANGE_REACH                                                        \
	{ 'l',                                                                 \
	  "live",                                                              \
	  NULL,                                                                \
	  "change the guest that runs",                                        \
	  offsetof(struct hd_change_values, live),                             \
	  NULL },                                                              \
	{                                                                      \
		'n', "config", NULL,                                           \
			"change its definition, for the next start",           \
			offsetof(struct hd_change_values, config), NULL        \
	}

/* What attach and detach work with, from the command line to the report. */
struct hd_change {
	struct hd_tool *tool;
	const struct hd_change_values *values;
	struct hd_connection *connection;
	struct hd_guest_info guest;
	struct hd_named_devices choice; /* the devices */
	bool live, config; /* where the change is to take effect */
	struct hd_guest_text now; /* when it is live */
	struct hd_guest_text next; /* when it is the definition */
	struct hd_findings findings;
	struct hd_log_run run; /* of a live one */
	struct hd_err *err; /* main's */
};

#define HD_AUTO_CHANGE __attribute__((cleanup(hd_change_clear)))

/*
 * Reads the command line, DOMAIN ADDRESS..., connects to the system libvirt of
 * this host, no other, and reads the guest. Returns an exit code; the error is
 * filled unless it is fine.
 */
int hd_change_begin(struct hd_change *change, int argc, char **argv);

/*
 * From here on devices move: what comes of it is logged by hd_change_report()
 * as @event. Returns 0 or -ENOMEM.
 */
int hd_change_log(struct hd_change *change, const char *event);

/* Whether a document asks for a device. */
bool hd_change_asks(const struct hd_guest_text *text, struct hd_addr addr);

/* Reads a document of the guest again; 0 or a negative errno. */
int hd_change_read(struct hd_change *change, enum hd_guest_xml which,
		   struct hd_guest_text *ret, struct hd_err *err);

/*
 * Reads what the running guest has now; it has nothing when it is gone. @ret is
 * owned by the caller, who frees its items.
 */
int hd_change_read_devices(struct hd_change *change, struct hd_addr **ret,
			   size_t *ret_n, struct hd_err *err);

/*
 * Ends the way of devices, see hd_hotplug_end(); @moving is "" when none is on
 * it. When that fails, or libvirt can't be asked, what is on its way is left to
 * recover. Returns 0 or HD_REFUSED.
 */
int hd_change_end(struct hd_change *change, const char *moving);

/*
 * Waits until a running guest has given up devices, or is gone, at most
 * HD_CHANGE_SECONDS. Returns 0; HD_REFUSED when it keeps one; or a negative
 * errno with @err.
 */
int hd_change_wait(struct hd_change *change, struct hd_addrs addrs,
		   struct hd_err *err);

/* Longer than a guest's system needs that is there and willing. */
#define HD_CHANGE_SECONDS 30

/*
 * Prints, and perhaps logs, what came of it: the findings and, when all is
 * well, what @say has to say of each device and the driver that it has now, or
 * NULL. Returns the exit code.
 *
 * @r  0 or a negative errno, and then main's error is filled
 */
int hd_change_report(struct hd_change *change, int r,
		     void (*say)(const struct hd_change *change,
				 struct hd_addr addr, const char *driver));

void hd_change_clear(struct hd_change *change);

#endif
