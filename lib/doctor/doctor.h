/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_DOCTOR_H
#define HD_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/host/host.h"
#include "lib/host/names.h"
#include "lib/request/guest_memory.h"
#include "lib/request/request.h"

/* What one check came to. */
enum hd_health {
	HD_PASS,
	HD_WARN, /* it will hurt in some case */
	HD_FAIL, /* no device can be passed through, or it is unsafe */
	HD_UNREAD, /* what it hangs on couldn't be read */
	HD_NOT_APPLICABLE, /* it has no meaning on this host */
};

/* "pass", "warn", "fail", "unknown", "skip". */
const char *hd_health_name(enum hd_health health);

/* One check that was made. */
struct hd_checkup {
	const char *id; /* static, stable, for programs: "cmdline-no-msi" */
	const char *group; /* static: "command line" */
	const char *title; /* static: what it is about */
	const char *source; /* static: the file that was read */
	enum hd_health health;
	bool decides; /* without it nobody can say whether devices can be
		       * passed through, unless @shown_by was read */
	const char *shown_by; /* static: the check that shows by itself whether
			       * this one fails, or NULL */
	bool of_device; /* @addr is the device that it is about */
	struct hd_addr addr;
	char *detail; /* one sentence; owned */
	char *fix; /* of what warns or fails: command or setting, or NULL;
		    * owned */
	char *overlay; /* source of a device tree overlay that makes the fix,
			* for people to review, or NULL; owned */
	char *node; /* of the device tree, where it is about one; owned */
};

enum hd_verdict {
	HD_VERDICT_GOOD, /* devices can be passed through */
	HD_VERDICT_BAD, /* @first has to be fixed before */
	HD_VERDICT_UNKNOWN, /* @first couldn't be read, and decides */
};

struct hd_diagnosis {
	struct hd_checkup *items; /* causes before what comes of them */
	size_t n;
	enum hd_verdict verdict;
	size_t first; /* of @items; with HD_VERDICT_GOOD without meaning */
	size_t n_missing; /* how many couldn't be read, and decide */
};

/* Whether it could not be read, and decides. */
bool hd_diagnosis_misses(const struct hd_diagnosis *diagnosis, size_t i);

#define HD_AUTO_DIAGNOSIS __attribute__((cleanup(hd_diagnosis_clear)))

/* A guest that libvirt knows, and one device that it asks for. */
struct hd_guest_use {
	const char *domain;
	const char *uuid; /* "" when the definition has none */
	bool autostart;
	bool managed; /* libvirt takes the device itself */
	struct hd_addr addr;
};

/* What all is about. */
enum hd_subject {
	HD_OF_HOST,
	HD_OF_KERNEL, /* one that isn't run */
	HD_OF_TREE, /* a device tree from a file */
};

/* What is to be looked at. It owns nothing. */
struct hd_doctor_request {
	enum hd_subject subject;
	const struct hd_request *devices; /* NULL: the host as a whole */
	const struct hd_guest_memory *memory; /* NULL: of no guest */
	const struct hd_guest_use *uses; /* of all guests that are defined */
	size_t n_uses;
	const char *uses_unread; /* why they are not known, or NULL */
	struct hd_names *names; /* may be NULL */
};

/*
 * Makes every check of the host there is, and of the devices that are asked
 * for. Reads files below the host's root; runs no program, asks no daemon and
 * changes nothing. What can't be read is unknown, with the reason.
 *
 * Returns 0, whatever was found, or a negative errno with a sentence in @err.
 */
int hd_doctor_run(const struct hd_host *host,
		  const struct hd_doctor_request *request,
		  struct hd_diagnosis *ret, struct hd_err *err);

struct hd_kernel_image;

/*
 * The same for a kernel that isn't run, from its file, see
 * lib/doctor/read/kernelimage.h: what it shows of how it was built. @name is
 * what sentences call it. Of the host only the processor is looked at.
 */
int hd_doctor_run_image(const struct hd_host *host,
			const struct hd_doctor_request *request,
			const struct hd_kernel_image *image, const char *name,
			struct hd_diagnosis *ret, struct hd_err *err);

struct hd_devicetree;

/*
 * The same for a device tree from a file, see lib/doctor/read/devicetree.h,
 * which is taken over. Nothing of the host is looked at.
 */
int hd_doctor_run_tree(const struct hd_host *host,
		       const struct hd_doctor_request *request,
		       struct hd_devicetree *tree, struct hd_diagnosis *ret,
		       struct hd_err *err);

void hd_diagnosis_clear(struct hd_diagnosis *diagnosis);

#endif
