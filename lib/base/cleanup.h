/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_CLEANUP_H
#define HD_LIB_BASE_CLEANUP_H

/*
 * Scope-bound release of what a function acquires, so that every function can
 * return early. HD_AUTO(f) calls f(&variable) when the variable leaves scope.
 */
#include <stdlib.h>
#include <unistd.h>

#define HD_AUTO(f) __attribute__((cleanup(f)))
#define HD_AUTOFREE HD_AUTO(hd_auto_free)
#define HD_AUTOCLOSE HD_AUTO(hd_auto_close)

static inline void hd_auto_free(void *ptr)
{
	free(*(void **)ptr);
}

static inline void hd_auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Hands a pointer over to the caller: the variable no longer owns it. */
#define hd_steal(ptr)                                                          \
	({                                                                     \
		__typeof__(*(ptr)) hd_stolen_ = *(ptr);                        \
		*(ptr) = NULL;                                                 \
		hd_stolen_;                                                    \
	})

/* The same for a file descriptor. */
static inline int hd_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
