// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/stdfiles.h"

#include <fcntl.h>
#include <unistd.h>

void hd_stdfiles_fill(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}
