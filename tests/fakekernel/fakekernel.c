// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fakekernel MOUNTPOINT DESCRIPTION [COMMAND...]
 *
 * What a kernel with PCI devices, IOMMU groups and vfio shows in /sys and
 * /dev/vfio, as folders sys and dev-vfio of a mount, to be bound over the real
 * ones in a private mount namespace. The format of the description is in
 * describe.c, the commands are in control.h. It ends when its stdin does.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fakekernel/control.h"
#include "tests/fakekernel/kernel.h"
#include "tests/fakekernel/mount.h"

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	/* Up to a NUL, which a text doesn't have. */
	if (!file || (getdelim(&text, &size, '\0', file) < 0 && ferror(file))) {
		perror(path);
		exit(1);
	}
	fclose(file);
	return text ? text : fk_strdup("");
}

int main(int argc, char **argv)
{
	struct fk_kernel *k;
	char error[256];
	int r;

	if (argc < 3) {
		fprintf(stderr,
			"Usage: fakekernel MOUNTPOINT DESCRIPTION [COMMAND...]\n");
		return 2;
	}
	k = fk_kernel_new(read_file(argv[2]));
	if (fk_kernel_reset(k, error, sizeof(error)) < 0) {
		fprintf(stderr, "fakekernel: %s: %s\n", argv[2], error);
		return 1;
	}
	for (int i = 3; i < argc; i++)
		if (fk_control(k, argv[i], stderr) < 0)
			return 1;
	r = fk_mount_serve(k, argv[1]);
	fk_kernel_free(k);
	return r < 0 ? 1 : 0;
}
