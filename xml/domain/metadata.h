/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_METADATA_H
#define HD_XML_DOMAIN_METADATA_H

#include <libxml/tree.h>

#include "lib/base/err.h"
#include "lib/request/critical.h"
#include "lib/request/pins.h"
#include "lib/request/request.h"

/* The namespace of what a domain says to us in its <metadata>. */
#define HD_METADATA_NS "urn:virt-hostdev:1"

/* What a domain says to us. */
struct hd_metadata {
	enum hd_siblings siblings; /* or unsaid */
	unsigned siblings_line; /* where in the XML, from 1 */
	struct hd_allow *allows; /* owned */
	size_t n_allows;
	struct hd_pin *pins; /* owned */
	size_t n_pins;
	enum hd_hand_over hand_over; /* or unsaid */
	unsigned hand_over_line; /* where in the XML, from 1 */
	struct hd_patterns stops; /* units that may be stopped for it; owned */
	size_t n_said; /* elements of ours, against HD_LIMIT_SAID */
};

/*
 * Reads what a domain carries along:
 *
 *	<metadata>
 *	  <hostdev:hostdev xmlns:hostdev="urn:virt-hostdev:1">
 *	    <hostdev:siblings policy="bind"/>    (or "refuse")
 *	    <hostdev:allow address="0000:03:00.0" critical="default-route"/>
 *	    <hostdev:device address="0000:01:00.0" id="144d:a808"
 *	      subsystem="144d:a801" class="010802" revision="00" serial="..."/>
 *	    <hostdev:display hand-over="yes">    (or "no"; once)
 *	      <hostdev:stop unit="nvidia-persistenced.service"/>
 *	    </hostdev:display>
 *	  </hostdev:hostdev>
 *	</metadata>
 *
 * (for <device> see hd_pin_format(), for <stop> hd_unit_pattern_fits()).
 * @domain is the domain's element. What we don't know in our namespace is an
 * error, never passed over: it may forbid what we are about to do. What isn't
 * said is left for the host to decide.
 *
 * @ret is empty before; it is cleared by the caller, also after a failure.
 * Returns 0, or -EINVAL, or -E2BIG beyond the limits of xml/doc/limit.h, with a
 * sentence that names the line.
 */
int hd_metadata_read(const xmlNode *domain, struct hd_metadata *ret,
		     struct hd_err *err);

/* Who is told of what is skipped. */
struct hd_metadata_skip {
	/*
	 * @err says what can't be understood, and is emptied here. Returns 0 to
	 * go on with the next element, or a negative errno with @err filled.
	 */
	int (*skipped)(void *data, struct hd_err *err);
	void *data;
};

/*
 * The same, but an element that can't be understood is skipped and told to
 * @skip, unless that is NULL.
 */
int hd_metadata_read_on(const xmlNode *domain, struct hd_metadata *ret,
			const struct hd_metadata_skip *skip,
			struct hd_err *err);

void hd_metadata_clear(struct hd_metadata *metadata);

#endif
