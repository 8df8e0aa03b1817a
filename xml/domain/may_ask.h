/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_MAY_ASK_H
#define HD_XML_DOMAIN_MAY_ASK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the text of a domain has to be read to know what it asks for. False
 * only for a whole domain as libvirt prints it, that has none of the words
 * without which no host's device can be asked for: most guests of most hosts.
 * It needs no libxml2.
 */
bool hd_domain_may_ask(const char *text, size_t length);

#endif
