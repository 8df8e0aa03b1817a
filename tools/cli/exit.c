// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/exit.h"

#include <errno.h>
#include <stddef.h>

#include "tools/tool.h"

const char *const hd_exits[HD_N_EXITS] = {
	[HD_EXIT_FINE] = "fine",
	[HD_EXIT_FAILED] = "failed or refused",
	[HD_EXIT_USAGE] = "wrong usage or input",
	[HD_EXIT_UNKNOWN] = "it can't be told",
	[HD_EXIT_UNREACHABLE] = "libvirt can't be reached",
};

bool hd_exit_is_of(const struct hd_verb *verb, enum hd_exit exit)
{
	if (exit == HD_EXIT_UNKNOWN)
		return !verb || verb->tells;
	if (exit == HD_EXIT_UNREACHABLE)
		return !verb || verb->common & HD_OPT_CONNECT;
	return true;
}

/* Whether an errno says that something may be there, but wasn't read. */
static bool is_unread(int code)
{
	static const int codes[] = { EACCES, EAGAIN, EBUSY,    EIO,
				     EISDIR, ELOOP,  EMFILE,   ENFILE,
				     ENOMEM, ENOSYS, ENOTDIR,  EOVERFLOW,
				     EPERM,  ESTALE, ETIMEDOUT };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

enum hd_exit hd_exit_of_err(const struct hd_verb *verb,
			    const struct hd_err *err)
{
	/* Of source.h and root.h: the text, or the tar, that was put in. */
	if (err->code == EDOM)
		return HD_EXIT_USAGE;
	/* Of connection.h: the daemon, or its library. */
	if ((err->code == ENOTCONN || err->code == ELIBACC) &&
	    hd_exit_is_of(verb, HD_EXIT_UNREACHABLE))
		return HD_EXIT_UNREACHABLE;
	if (is_unread(err->code) && hd_exit_is_of(verb, HD_EXIT_UNKNOWN))
		return HD_EXIT_UNKNOWN;
	return HD_EXIT_FAILED;
}
