// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/program.h"

#include <stdio.h>

#include "lib/base/beside.h"
#include "lib/host/hooknote.h"

HD_HOOK_NOTE(HD_HOOK_PROGRAM);

int hd_hook_program(char ret[PATH_MAX])
{
	_Static_assert(sizeof(HD_HOOK_PROGRAM) <= PATH_MAX, "it is no path");
	if (HD_HOOK_PROGRAM[0] != '/')
		return hd_beside(HD_HOOK_PROGRAM, ret);
	snprintf(ret, PATH_MAX, "%s", HD_HOOK_PROGRAM);
	return 0;
}
