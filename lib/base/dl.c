// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/dl.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int hd_dl_load(const char *soname, const struct hd_dl_symbol *symbols, size_t n,
	       void *table)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return -ELIBACC;
	for (size_t i = 0; i < n; i++) {
		void *address = dlsym(library, symbols[i].name);

		if (!address)
			return -ELIBACC;
		/* ISO C has no cast from an object to a function. */
		memcpy((char *)table + symbols[i].offset, &address,
		       sizeof(address));
	}
	return 0;
}
