/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CHECK_ALL_H
#define HD_TOOLS_VERB_CHECK_ALL_H

#include "tools/tool.h"

/*
 * check --all: every domain of libvirt, and pairs of them. Prints what it
 * finds, and returns the exit code.
 */
int hd_check_all(const struct hd_tool *tool, struct hd_err *err);

#endif
