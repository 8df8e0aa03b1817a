/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_INITRAMFS_H
#define HD_LIB_DOCTOR_READ_INITRAMFS_H

#include <stddef.h>

/*
 * Reads the files of an initramfs, as the kernel would unpack them
 * (Documentation/driver-api/early-userspace/buffer-format.rst): cpio archives
 * of the "newc" or "crc" format, one after the other, with zeros between them,
 * and from one of them on compressed.
 */

/* Contents of larger files are not shown. */
#define HD_INITRAMFS_FILE (64 * 1024)

/*
 * Calls @visit for every file, folder and link, until it returns something else
 * than 0.
 *
 * @path     of the file, without leading slash
 * @content  and @length: what is in it, with a final NUL; NULL when it is
 *           larger than HD_INITRAMFS_FILE
 *
 * Returns what the last visit returned; -EBADMSG when @fd holds no initramfs,
 * or a damaged or torn one; another negative errno of hd_unpack_read().
 */
int hd_initramfs_each(int fd,
		      int (*visit)(void *data, const char *path,
				   const char *content, size_t length),
		      void *data);

#endif
