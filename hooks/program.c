// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/program.h"

const char hd_hook_program[] = HD_HOOK_PROGRAM;
