/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_LOOK_H
#define HD_LIB_HOST_LOOK_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/seen.h"
#include "lib/host/host.h"

/*
 * How guards and the hand-over of a screen look at the host. What this
 * machine's kernel says is absent is so; a copied tree may merely lack it, so
 * that there it is unknown, but for attributes and links of a device whose
 * folder was copied. What is unknown fails, with a sentence in @err that names
 * it.
 */

/*
 * The sentence of a failure with the file @format: 0 for 0. -ENOENT is what has
 * to be there and isn't. Returns @r.
 */
int hd_look_fail(const struct hd_host *host, int r, struct hd_err *err,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * What becomes of a file that a host may lack, and a copy of a host may not:
 * 0, and in *@ret whether it is there; a negative errno with a sentence.
 */
int hd_look_for(const struct hd_host *host, struct hd_seen seen,
		const char *path, bool *ret, struct hd_err *err);

/*
 * Reads an attribute below /sys/class/CLASS/NAME; *@ret is owned by the caller,
 * NULL when there is none. Returns 0 or a negative errno with a sentence.
 */
int hd_look_at(const struct hd_host *host, const char *class, const char *name,
	       const char *attribute, char **ret, struct hd_err *err);

/*
 * Where /sys/class/CLASS/NAME leads to; *@ret is owned by the caller, NULL when
 * there is no such device. Returns 0 or a negative errno with a sentence.
 */
int hd_look_where(const struct hd_host *host, const char *class,
		  const char *name, char **ret, struct hd_err *err);

/* A visit of hd_look_into(): fills an @err of its own when it fails. */
typedef int (*hd_look_fn)(void *data, int dir_fd, const char *name);

/*
 * Visits all that is in the folder /sys/class/CLASS/NAME/SUB, until one visit
 * returns something else than 0; "" leaves @name and @sub out. Returns what the
 * last visit returned, 0 when there is no such folder, or a negative errno with
 * a sentence.
 */
int hd_look_into(const struct hd_host *host, const char *class,
		 const char *name, const char *sub, hd_look_fn visit,
		 void *data, struct hd_err *err);

/* The same for a folder that was opened already, as @seen and @fd say. */
int hd_look_into_opened(const struct hd_host *host, struct hd_seen seen, int fd,
			const char *path, hd_look_fn visit, void *data,
			struct hd_err *err);

#endif
