/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_KERNELIMAGE_H
#define HD_LIB_DOCTOR_READ_KERNELIMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/doctor/read/kconfig.h"

/* What processors a kernel is for. */
enum hd_image_machine {
	HD_IMAGE_ANY, /* nothing in the file says it */
	HD_IMAGE_X86,
	HD_IMAGE_ARM64,
	HD_IMAGE_ARM,
	HD_IMAGE_OTHER,
};

/*
 * A kernel that isn't run, from the file that a boot loader would load:
 *
 * - bzImage (Documentation/arch/x86/boot.rst), also as an EFI program;
 * - Image of arm64 (Documentation/arch/arm64/booting.rst), EFI zboot
 *   (drivers/firmware/efi/libstub/zboot-header.S), zImage of arm;
 * - vmlinux, which is ELF;
 * - boot.img of Android, header versions 0 to 4, around one of the above
 *   (system/tools/mkbootimg/include/bootimg/bootimg.h), and vendor_boot.img,
 *   which has the command line and no kernel;
 * - the configuration alone, config-RELEASE;
 * - any of them compressed as hd_unpack_open() can read.
 */
struct hd_kernel_image {
	char *format; /* "boot.img of Android (header version 2), gzip, Image of
		       * arm64"; owned */
	enum hd_image_machine machine;
	char *release; /* "6.12.48-amd64"; NULL when it isn't in it; owned */
	char *cmdline; /* Android's; NULL in other files; owned */
	char *bootconfig; /* of a vendor_boot.img of version 4, one line for
			   * each setting; NULL when it has none; owned */
	char *text; /* the kernel as it is in memory; NULL when there is none,
		     * but its configuration or an Android's vendor's part;
		     * owned */
	size_t length;
	/*
	 * The configuration that is embedded in it (CONFIG_IKCONFIG). It names
	 * nothing when there is none, for which @no_kconfig says why.
	 */
	struct hd_kconfig kconfig;
	struct hd_err no_kconfig;
};

#define HD_AUTO_KERNEL_IMAGE __attribute__((cleanup(hd_kernel_image_clear)))

/* What a file, and what comes out of it, may have at the most. */
#define HD_KERNEL_IMAGE_LIMIT ((size_t)512 * 1024 * 1024)

/*
 * Reads it from where @fd stands; @name is how sentences call it.
 *
 * Returns 0; -EINVAL when it is no kernel that is known, -EBADMSG when it is
 * one that is damaged or cut short, -EFBIG, -ENOMEM, another negative errno
 * when it can't be read; with a sentence in @err.
 */
int hd_kernel_image_read(int fd, const char *name, struct hd_kernel_image *ret,
			 struct hd_err *err);

/* The same of what is in memory. */
int hd_kernel_image_parse(const char *data, size_t length, const char *name,
			  struct hd_kernel_image *ret, struct hd_err *err);

void hd_kernel_image_clear(struct hd_kernel_image *image);

#endif
