// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/program.h"

#include "lib/host/hooknote.h"

const char hd_hook_program[] = HD_HOOK_PROGRAM;

HD_HOOK_NOTE(HD_HOOK_PROGRAM);
