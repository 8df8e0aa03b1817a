/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_LIMIT_H
#define HD_XML_DOC_LIMIT_H

/* More than a domain of thousands of devices has; nobody reads more. */
#define HD_DOC_LIMIT (16 * 1024 * 1024)

#endif
