/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_LIMIT_H
#define HD_XML_DOC_LIMIT_H

/*
 * What a domain may have at most: far more than any has, and so little that it
 * is read in no time, whoever wrote it. What goes beyond is refused in one
 * sentence that names the line.
 */
enum {
	HD_DOC_LIMIT = 16 * 1024 * 1024, /* bytes */
	/* libxml2 compares those of an element with each other, and what has a
	 * prefix with all namespaces. */
	HD_LIMIT_ATTRIBUTES = 1024, /* of an element */
	HD_LIMIT_NAMESPACES = 1024, /* declarations, of a document */
	HD_LIMIT_DEVICES = 4096, /* places that ask for a device of the host */
	HD_LIMIT_SAID = 2 * HD_LIMIT_DEVICES, /* what it says to us: a pin and
					       * an <allow> for each,
					       * <stop>s among them */
	HD_LIMIT_INDENT = 1024, /* blanks before an element that count as its
				 * indentation */
	HD_LIMIT_QUOTED = 200, /* bytes of others' words in a sentence */
};

#endif
