// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/initramfs.h"

/* What is shown ends where it says. */
static int visit(void *data, const char *path, const char *content,
		 size_t length)
{
	size_t *n = data;

	*n += strlen(path);
	if (content && content[length])
		__builtin_trap();
	if (!content != (length > HD_INITRAMFS_FILE))
		__builtin_trap();
	return 0;
}

/* The first root file system of a kernel, made by who knows what. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTOCLOSE int fd = memfd_create("initramfs", MFD_CLOEXEC);
	size_t n = 0;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	hd_initramfs_each(fd, visit, &n);
	return 0;
}
