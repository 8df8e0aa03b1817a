/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_LIBVIRT_REMOTE_HOST_H
#define HD_TOOLS_LIBVIRT_REMOTE_HOST_H

#include "lib/base/finding.h"
#include "lib/host/inventory.h"
#include "lib/host/names.h"
#include "lib/request/request.h"
#include "tools/libvirt/connection.h"

/* A host that is only known by what its libvirt tells. */
struct hd_remote_host {
	char *uri; /* owned */
	struct hd_inventory inventory; /* all its PCI functions */
};

#define HD_AUTO_REMOTE_HOST __attribute__((cleanup(hd_remote_host_clear)))

/* Reads its devices; 0 or a negative errno with a sentence. */
int hd_remote_host_read(struct hd_connection *connection,
			struct hd_remote_host *ret, struct hd_err *err);

/*
 * Checks a request by the rules of hd_check(), as far as they can be known from
 * here: what can't be counts as good. Returns what hd_check() does.
 */
int hd_remote_host_check(const struct hd_remote_host *remote,
			 const struct hd_request *request,
			 struct hd_names *names, struct hd_findings *findings,
			 struct hd_err *err);

/*
 * Says what can't be, as the finding "unknown-from-here". @command is what
 * follows "check" to know it all. Returns 0 or -ENOMEM.
 */
int hd_remote_host_unknown(const struct hd_remote_host *remote,
			   const char *command, struct hd_findings *findings,
			   struct hd_err *err);

void hd_remote_host_clear(struct hd_remote_host *remote);

#endif
