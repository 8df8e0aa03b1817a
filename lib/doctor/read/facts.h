/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_FACTS_H
#define HD_LIB_DOCTOR_READ_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/finding.h"
#include "lib/check/situation.h"
#include "lib/doctor/doctor.h"
#include "lib/doctor/read/android.h"
#include "lib/doctor/read/devicetree.h"
#include "lib/doctor/read/iort.h"
#include "lib/doctor/read/kconfig.h"
#include "lib/doctor/read/kernelimage.h"
#include "lib/doctor/read/scripts.h"
#include "lib/host/bootargs.h"
#include "lib/host/inventory.h"

/* Hosts that a row is for: by their processor, and by their IOMMU, which in a
 * virtual machine may be another vendor's. */
enum {
	HD_ON_INTEL = 1 << 0,
	HD_ON_AMD = 1 << 1, /* and Hygon */
	HD_ON_OTHER_X86 = 1 << 2,
	HD_ON_X86 = HD_ON_INTEL | HD_ON_AMD | HD_ON_OTHER_X86,
	HD_ON_ARM64 = 1 << 3,
	HD_ON_OTHER = 1 << 4,
	HD_ON_VTD = 1 << 5,
	HD_ON_AMD_VI = 1 << 6,
};

/* Larger files than these of /proc and /etc are not what we take them for. */
#define HD_TEXT_LIMIT (16 * 1024 * 1024)

/* A file that several rows look at. */
struct hd_text_file {
	const char *path; /* static, with a leading slash */
	char *text; /* NULL unless it was read; owned */
	struct hd_seen seen;
};

/* The daemon of libvirt that starts guests. */
struct hd_daemon {
	int pid; /* 0 when none runs, or it can't be known */
	const char *name; /* "virtqemud", "libvirtd"; static */
	struct hd_seen seen; /* looking through /proc */
};

/* The entries of a folder. */
struct hd_count {
	unsigned n; /* 0 unless they were counted */
	struct hd_seen seen;
};

/* What is read once, for all rows. */
struct hd_host_facts {
	const struct hd_host *host;
	const struct hd_doctor_request *request;

	bool has_sys; /* it is known to be there, so that what isn't in /sys
		       * isn't there */
	bool has_dev; /* the same for /dev */
	bool has_etc;
	unsigned on; /* HD_ON_…, 0 when not known */
	bool emulated; /* the host itself is a virtual machine */
	char *release; /* of the kernel; NULL when not known; owned */
	int release_error; /* then the negative errno */

	/* NULL, or the kernel that all is about: no other row is made then. */
	const struct hd_kernel_image *image;

	struct hd_kconfig kconfig;
	bool kconfig_partial; /* of what it doesn't name nothing is known */
	char *kconfig_path; /* owned */
	struct hd_err kconfig_err; /* why there is none */

	struct hd_bootargs bootargs;
	int bootargs_error;

	struct hd_text_file cpuinfo, interrupts, builtin, dep;

	struct hd_inventory inventory; /* all functions of the host */
	struct hd_err inventory_err;
	struct hd_count groups; /* IOMMU groups */
	struct hd_count units; /* IOMMUs */

	struct hd_config config;
	struct hd_err config_err;
	struct hd_err examine_err; /* why the next two aren't known */
	struct hd_situation situation; /* of the devices that are asked for */
	struct hd_findings findings; /* what check says of them */

	struct hd_daemon daemon;
	struct hd_scripts scripts; /* hooks of QEMU */
	struct hd_devicetree tree; /* of arm64 */
	struct hd_iort iort; /* of arm64 with ACPI */
	struct hd_seen iort_seen;
	struct hd_err iort_err; /* why it is unknown */
	struct hd_android android;
};

#define HD_AUTO_FACTS __attribute__((cleanup(hd_doctor_facts_clear)))

/*
 * Reads them. What can't be read is left out, and told beside it; only when
 * memory runs out this returns a negative errno with a sentence in @err.
 */
int hd_doctor_facts_read(const struct hd_host *host,
			 const struct hd_doctor_request *request,
			 struct hd_host_facts *ret, struct hd_err *err);

/*
 * The same for a kernel that isn't run: what it shows, and which processor the
 * host has that it would run on, as far as it is one of its own. @image
 * outlives
 * @ret.
 */
int hd_doctor_facts_of_image(const struct hd_host *host,
			     const struct hd_doctor_request *request,
			     const struct hd_kernel_image *image,
			     const char *name, struct hd_host_facts *ret,
			     struct hd_err *err);

void hd_doctor_facts_clear(struct hd_host_facts *facts);

/* Whether a configuration of the kernel was found. */
static inline bool hd_facts_have_kconfig(const struct hd_host_facts *facts)
{
	return facts->kconfig.n > 0;
}

/* Below the host's root; @path has a leading slash. */

/* Reads a file. The text is without trailing newline. */
HD_LOOK struct hd_seen hd_facts_read(const struct hd_host_facts *facts,
				     const char *path, char **ret);

/* Opens a folder to read its entries, or a device node with O_PATH. */
HD_LOOK struct hd_seen hd_facts_open(const struct hd_host_facts *facts,
				     const char *path, int flags, int *ret_fd);

/* Whether there is such a file. */
HD_LOOK struct hd_seen hd_facts_look(const struct hd_host_facts *facts,
				     const char *path);

/* How many entries a folder has, those with a dot left out. */
struct hd_count hd_facts_count(const struct hd_host_facts *facts,
			       const char *path);

#endif
