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
#include "lib/base/err.h"
#include "lib/base/print.h"

struct parts {
	char libraries[PATH_MAX], loader[PATH_MAX], program[PATH_MAX];
};

static int find_program(char ret[PATH_MAX])
{
	char own[PATH_MAX], relative[PATH_MAX];
	int n, r = hd_own_path(own);

	if (r < 0)
		return r;
	n = snprintf(relative, sizeof(relative), "../lib/virt-hostdev%s",
		     strrchr(own, '/'));
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG :
					hd_beside(relative, ret);
}

static int find_parts(struct parts *parts, struct hd_err *err)
{
	int r = hd_beside("../lib", parts->libraries);

	if (r == 0)
		r = hd_beside("../lib/loader", parts->loader);
	if (r == 0)
		r = find_program(parts->program);
	if (r < 0)
		return hd_err_set(err, -r,
				  "the bundle's parts can't be found: %s",
				  strerror(-r));
	/* For a loader these end a folder, or are replaced: ld.so(8). */
	if (strpbrk(parts->libraries, ":;$")) {
		hd_err_set(
			err, EDOM,
			"no loader reads %s, with ':', ';' or '$' in its name",
			parts->libraries);
		hd_err_fix(err, "Put the bundle into another folder");
		return -EDOM;
	}
	return 0;
}

/* Returns only when it couldn't. */
static int start(struct parts *parts, int argc, char **argv, struct hd_err *err)
{
	char *before[] = { parts->loader,
			   (char *)"--library-path",
			   parts->libraries,
			   (char *)"--argv0",
			   argc ? argv[0] : parts->program,
			   parts->program };
	const size_t n = sizeof(before) / sizeof(before[0]);
	HD_AUTOFREE char **words = calloc(n + (size_t)argc + 1, sizeof(*words));

	if (!words)
		return hd_err_nomem(err);
	memcpy(words, before, sizeof(before));
	for (int i = 1; i < argc; i++)
		words[n + (size_t)i - 1] = argv[i];
	execv(parts->loader, words);
	hd_err_set(err, errno, "%s can't be run: %m", parts->loader);
	hd_err_fix(err, "Unpack virt-hostdev's bundle again");
	return -err->code;
}

int main(int argc, char **argv)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct parts parts;

	if (find_parts(&parts, &err) == 0)
		start(&parts, argc, argv, &err);
	fputs("virt-hostdev: ", stderr);
	hd_print_err(stderr, &err);
	return 1;
}
