/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_TREE_SUMMARY_H
#define HD_TOOLS_TREE_SUMMARY_H

/*
 * The first file of a capture, which tells about the others: a line each of
 * lib/base/word.h's words, "virt-hostdev-capture 1", "version …", "date …",
 * "release …", "serials kept" or "replaced", "entries NUMBER" (without itself),
 * then "node PATH STAT" of each device node and "unread PATH REASON" of each
 * miss.
 */
#define HD_SUMMARY "virt-hostdev-capture"

#endif
