// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands for each program of a bundle: starts lib/virt-hostdev/NAME with
 * the bundle's own loader and libraries, wherever it was put. Static, as the
 * kernel takes a loader from nowhere but a path that is fixed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/beside.h"
#include "lib/base/cleanup.h"

/* What comes before the program's own arguments. */
enum {
	LOADER,
	LIBRARIES_OPTION,
	LIBRARIES,
	NAME_OPTION,
	NAME,
	PROGRAM,
	ARGUMENTS
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr,
		"%s: %s.\nFix: unpack the bundle of virt-hostdev again, where this isn't so\n",
		what, why);
	return 1;
}

/* "../lib" and what may be in it, of the bundle. */
static int find(const char *name, char ret[PATH_MAX])
{
	char relative[PATH_MAX];
	int n = snprintf(relative, sizeof(relative), "../lib%s", name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG :
					hd_beside(relative, ret);
}

int main(int argc, char **argv)
{
	char own[PATH_MAX], libraries[PATH_MAX], loader[PATH_MAX],
		program[PATH_MAX], name[PATH_MAX + sizeof("/virt-hostdev")];
	HD_AUTOFREE char **words =
		calloc((size_t)argc + ARGUMENTS + 1, sizeof(*words));
	int r = hd_own_path(own);

	if (!words)
		return fail("virt-hostdev", strerror(ENOMEM));
	if (r == 0) {
		snprintf(name, sizeof(name), "/virt-hostdev%s",
			 strrchr(own, '/'));
		r = find("", libraries);
	}
	if (r == 0)
		r = find("/loader", loader);
	if (r == 0)
		r = find(name, program);
	if (r < 0)
		return fail("virt-hostdev can't find its parts", strerror(-r));
	/* For a loader these end a folder, or are to be replaced: ld.so(8). */
	if (strpbrk(libraries, ":;$"))
		return fail(libraries,
			    "a folder with ':', ';' or '$' in its name");
	words[LOADER] = loader;
	words[LIBRARIES_OPTION] = (char *)"--library-path";
	words[LIBRARIES] = libraries;
	words[NAME_OPTION] = (char *)"--argv0";
	words[NAME] = argc ? argv[0] : program;
	words[PROGRAM] = program;
	for (int i = 1; i < argc; i++)
		words[ARGUMENTS + i - 1] = argv[i];
	execv(loader, words);
	return fail(loader, strerror(errno));
}
