/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_UNPACK_H
#define HD_LIB_DOCTOR_READ_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reads a file that may be compressed, with gzip, xz, zstd, lz4, bzip2 or lzma
 * as the kernel's own files are; with libarchive, as far as that was built with
 * them.
 */
struct hd_unpack;

#define HD_AUTO_UNPACK __attribute__((cleanup(hd_unpack_close)))

/*
 * Reads from where @fd stands; it stays the caller's, and open while this is.
 * Returns 0; -EBADMSG when the data is damaged, -ENOMEM. *@ret is closed with
 * hd_unpack_close().
 */
int hd_unpack_open(int fd, struct hd_unpack **ret);

/* Whether it isn't compressed: what comes out is what is in the file. */
bool hd_unpack_is_plain(const struct hd_unpack *unpack);

/*
 * The next @size bytes of what comes out. Returns how many there were, fewer
 * only at the end or before damage, which the next call tells; -EBADMSG when
 * the data is damaged or torn, -EFBIG once more than 4 GiB came out, another
 * negative errno when @fd can't be read.
 */
ssize_t hd_unpack_read(struct hd_unpack *unpack, void *buffer, size_t size);

/*
 * All that comes out of @fd, with a final NUL that *@ret_length doesn't count;
 * owned by the caller. Returns 0, or as above; -EFBIG when more than @limit
 * bytes come out.
 */
int hd_unpack_all(int fd, size_t limit, char **ret, size_t *ret_length);

void hd_unpack_close(struct hd_unpack **unpack);

#endif
