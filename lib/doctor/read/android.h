/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_ANDROID_H
#define HD_LIB_DOCTOR_READ_ANDROID_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/seen.h"
#include "lib/host/host.h"

/*
 * Android: it has no /etc/libvirt, no systemd and no /lib/modules/RELEASE, and
 * other things in their place. What is here is taken from what is published of
 * it; none was at hand to try it on.
 */

/* The folders of its modules, one flat list each; NULL ends them. */
extern const char *const hd_android_folders[];
#define HD_ANDROID_FOLDERS 6

/* The lists that one of them has, each NULL when it has none; owned. */
struct hd_android_modules {
	char *dep; /* modules.dep: all of them */
	char *load; /* modules.load: those that are loaded at boot */
	char *blocklist; /* modules.blocklist: those that never are */
};

struct hd_android {
	/* Whether the root file system is one of Android. */
	struct hd_seen seen;
	const char *sign; /* static: the path that shows it, or couldn't be
			   * looked at */
	struct hd_android_modules modules[HD_ANDROID_FOLDERS];
	struct hd_seen modules_seen; /* unknown when a list couldn't be read,
				      * or else absent */
	char *modules_path; /* then that list; owned */
};

/* Looks for what only Android has, and only then for modules. Returns 0 or
 * -ENOMEM. */
int hd_android_read(const struct hd_host *host, struct hd_android *ret);

void hd_android_clear(struct hd_android *android);

/*
 * Options of the kernel that are modules of the vendor on many phones, which
 * the kernel's own configuration then doesn't name; a NULL option ends them.
 */
struct hd_android_option {
	const char *option, *module;
	bool smmu; /* it drives an SMMU */
};

extern const struct hd_android_option hd_android_options[];

/* What becomes of a module. */
enum hd_android_module {
	HD_ANDROID_NONE, /* no list names it */
	HD_ANDROID_THERE,
	HD_ANDROID_AT_BOOT,
	HD_ANDROID_BLOCKED,
};

/* Where a module is: *@ret is the folder, static, unless it is in none. */
enum hd_android_module hd_android_find(const struct hd_android *android,
				       const char *module, const char **ret);

/*
 * The part of a release that only kernels of Android have, "android14-11" of
 * "6.1.75-android14-11-g0123456789ab"; its length goes to *@ret_length. NULL
 * when there is none.
 */
const char *hd_android_of_release(const char *release, size_t *ret_length);

/*
 * What becomes of a path by the lines of an ueventd.rc, "/dev/kvm 0666 root
 * root": of the last line that names it, or all that begin so ("/dev/vfio/ *"
 * without the blank). Its mode, owner and group, owned by the caller, to
 * *@ret, which stays as it was when no line does. Returns 0 or -ENOMEM.
 */
int hd_android_node(const char *text, const char *path, char **ret);

#endif
