/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_LIBVIRT_CONNECTION_H
#define HD_TOOLS_LIBVIRT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/uuid.h"

/*
 * A connection to libvirt, the only place that knows its library. Functions
 * that can fail return 0 or a negative errno with a sentence in @err that ends
 * with what libvirt said.
 */
struct hd_connection;

enum hd_access { HD_READ_ONLY, HD_READ_WRITE };

#define HD_AUTO_CONNECTION __attribute__((cleanup(hd_connection_close)))

/* @uri may be NULL for libvirt's default. -ENOTCONN when it can't be reached.
 */
int hd_connection_open(const char *uri, enum hd_access access,
		       struct hd_connection **ret, struct hd_err *err);

void hd_connection_close(struct hd_connection **connection);

/* What was connected to, "qemu:///system"; NULL when memory runs out. Owned by
 * the caller. */
char *hd_connection_uri(struct hd_connection *connection);

/*
 * Whether a URI leads to QEMU's driver on this machine, "qemu:///system" or
 * "qemu:///session"; with @system only the former, whose guests' hook ours is.
 * Where a socket of one's own ("?socket=...") leads is not known, so not here.
 */
bool hd_uri_is_here(const char *uri, bool system);

/* The same of a connection. */
bool hd_connection_is_here(struct hd_connection *connection, bool system);

/*
 * The version of the libvirt that answers, as 1000000 * major + 1000 * minor +
 * release (virConnectGetLibVersion()).
 */
int hd_connection_version(struct hd_connection *connection, unsigned long *ret,
			  struct hd_err *err);

/* The same of the library that we work with. */
unsigned long hd_connection_library_version(void);

/* What libvirt knows of a domain. */
struct hd_guest_info {
	char *name; /* owned */
	char uuid[HD_UUID_SIZE]; /* canonical */
	bool running; /* or paused: it has a process */
	bool persistent; /* it has a definition that outlives its run */
	bool autostart;
};

struct hd_guest_infos {
	struct hd_guest_info *items;
	size_t n;
};

#define HD_AUTO_GUEST_INFO __attribute__((cleanup(hd_guest_info_clear)))
#define HD_AUTO_GUEST_INFOS __attribute__((cleanup(hd_guest_infos_clear)))

/* A domain by its name or its UUID; -ENOENT when there is none. */
int hd_connection_find(struct hd_connection *connection, const char *name,
		       struct hd_guest_info *ret, struct hd_err *err);

/* All domains, in the order of their names. */
int hd_connection_list(struct hd_connection *connection,
		       struct hd_guest_infos *ret, struct hd_err *err);

enum hd_guest_xml {
	HD_XML_NOW, /* as it runs; of one that doesn't, its definition */
	HD_XML_NEXT, /* what the next start will use */
	HD_XML_WHOLE, /* the same with all secrets, to be stored again */
};

/* The text of a domain, by its name or UUID; owned by the caller. */
int hd_connection_xml(struct hd_connection *connection, const char *name,
		      enum hd_guest_xml which, char **ret, struct hd_err *err);

/* Stores a definition, after libvirt has checked it against its schema. */
int hd_connection_define(struct hd_connection *connection, const char *name,
			 const char *text, struct hd_err *err);

/* Where a change of a domain's devices takes effect. */
enum hd_reach { HD_REACH_LIVE, HD_REACH_CONFIG };

/*
 * Gives the device that @xml describes to a domain. To a running one libvirt
 * runs no hook for it.
 */
int hd_connection_attach(struct hd_connection *connection, const char *name,
			 const char *xml, enum hd_reach reach,
			 struct hd_err *err);

/*
 * Takes it away. A running guest is only asked for it: it has given it up when
 * the device is no longer in HD_XML_NOW.
 */
int hd_connection_detach(struct hd_connection *connection, const char *name,
			 const char *xml, enum hd_reach reach,
			 struct hd_err *err);

/*
 * Calls @visit with the XML of every PCI node device of the host, until it
 * fails. Returns what it returned last, or a negative errno.
 */
int hd_connection_visit_pci(struct hd_connection *connection,
			    int (*visit)(void *data, const char *xml,
					 struct hd_err *err),
			    void *data, struct hd_err *err);

void hd_guest_info_clear(struct hd_guest_info *info);
void hd_guest_infos_clear(struct hd_guest_infos *infos);

#endif
