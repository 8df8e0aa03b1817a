/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_FLATTREE_H
#define HD_LIB_DOCTOR_READ_FLATTREE_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/*
 * A device tree as boot loaders have it, in one piece (Devicetree
 * Specification, "Flattened Devicetree"): a file that somebody gives, or the
 * one that the kernel shows as folders. What understands it is
 * lib/doctor/read/devicetree.h.
 */
struct hd_flat_tree {
	void *data; /* checked: libfdt may look at all of it; owned */
};

#define HD_AUTO_FLAT_TREE __attribute__((cleanup(hd_flat_tree_clear)))

/*
 * What one may have at the most. arm64 takes none that is larger
 * (Documentation/arch/arm64/booting.rst).
 */
#define HD_FLAT_TREE_LIMIT ((size_t)2 * 1024 * 1024)

/*
 * Reads one from where @fd stands, in whole; @name is how sentences call it.
 *
 * Returns 0; -EINVAL when it is no device tree, or an overlay of one, which is
 * none by itself; -EBADMSG when it is one that is damaged or cut short; -EFBIG,
 * -ENOMEM, another negative errno when it can't be read; with a sentence in
 * @err.
 */
int hd_flat_tree_read(int fd, const char *name, struct hd_flat_tree *ret,
		      struct hd_err *err);

/* The same of what is in memory; it is copied. */
int hd_flat_tree_parse(const void *data, size_t length, const char *name,
		       struct hd_flat_tree *ret, struct hd_err *err);

/*
 * Makes one of the folders that the kernel shows. Absent when it was started
 * without, or shows none of a machine's. One that can't be read in whole is
 * unknown: what a missing property says can't be told then.
 */
HD_LOOK struct hd_seen hd_flat_tree_of_host(const struct hd_host *host,
					    struct hd_flat_tree *ret);

void hd_flat_tree_clear(struct hd_flat_tree *tree);

#endif
