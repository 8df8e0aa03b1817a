// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include "xml/domain/domain.h"
#include "xml/domain/may_ask.h"
#include "xml/domain/target.h"
#include "xml/slots/slots.h"

/* Slots of the guest: each that is found free is one that it can have. */
static void find_slots(const char *text, size_t size)
{
	HD_AUTO_SLOTS struct hd_slots slots = { .buses = NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_addr guest;
	uint32_t targets;

	hd_targets_read(text, size, &targets, NULL);
	if (hd_slots_read(text, size, &slots, &err) < 0) {
		if (!err.message)
			__builtin_trap();
		return;
	}
	for (int i = 0; i < 3; i++)
		if (hd_slots_take(&slots, i, i - 1, &guest, NULL) == 0 &&
		    (guest.domain || guest.slot > 0x1f || guest.function))
			__builtin_trap();
}

/* Reads a document; a refusal has one sentence, a domain has a name, and
 * one that need not be read asks for nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	if (hd_domain_parse((const char *)data, size, &domain, &err) < 0) {
		if (!err.message || domain.name)
			__builtin_trap();
		return 0;
	}
	if (!domain.name || !*domain.name)
		__builtin_trap();
	if (domain.uuid[0] && !hd_uuid_is_canonical(domain.uuid))
		__builtin_trap();
	if ((domain.n_assigns || domain.metadata.siblings ||
	     domain.metadata.hand_over) &&
	    !hd_domain_may_ask((const char *)data, size))
		__builtin_trap();
	find_slots((const char *)data, size);
	for (size_t i = 0; i < domain.n_assigns; i++)
		if (domain.assigns[i].addr.slot > 0x1f ||
		    domain.assigns[i].addr.function > 7)
			__builtin_trap();
	return 0;
}
