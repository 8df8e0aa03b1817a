/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_SCHEMA_H
#define HD_XML_DOC_SCHEMA_H

#include <stddef.h>

#include "lib/base/err.h"

/* Where every package of libvirt puts its RELAX NG schema of a domain. */
#define HD_SCHEMA_DOMAIN "/usr/share/libvirt/schemas/domain.rng"

/* A schema that was read; owned. It links libxml2: not for the hook. */
struct hd_schema;

#define HD_AUTO_SCHEMA __attribute__((cleanup(hd_schema_free)))

/*
 * Reads a RELAX NG schema and what it includes. Returns 0; -ENOENT when there
 * is none; another negative errno, each with a sentence.
 */
int hd_schema_read(const char *path, struct hd_schema **ret,
		   struct hd_err *err);

/*
 * Whether a document is valid. Returns 0, or -EINVAL with a sentence that names
 * the line and what is wrong there; other negative errnos when it can't be
 * told.
 */
int hd_schema_validate(struct hd_schema *schema, const char *text,
		       size_t length, struct hd_err *err);

void hd_schema_free(struct hd_schema **schema);

#endif
