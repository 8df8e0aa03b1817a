// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into a program, this makes its memory run out:
 *
 * NOMEM_K=N      the N-th allocation fails, from 1
 * NOMEM_FROM=N   so does each from the N-th on
 * NOMEM_COUNT=F  the number of allocations is written to the file F at the end
 *
 * Allocations are counted for each process, from the start of its main(), and
 * without those of the loader.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc's own; dlsym() would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static unsigned long count, one, from;
static bool started;

static unsigned long number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : 0;
}

/* Whether the next allocation fails. */
static bool fails(void)
{
	unsigned long n;

	if (!started)
		return false;
	n = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	if (n != one && (from == 0 || n < from))
		return false;
	errno = ENOMEM;
	return true;
}

__attribute__((constructor)) static void begin(void)
{
	one = number("NOMEM_K");
	from = number("NOMEM_FROM");
	started = true;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("NOMEM_COUNT");
	char text[24];
	int fd, n;

	started = false;
	if (!path)
		return;
	n = snprintf(text, sizeof(text), "%lu\n", count);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		_exit(125);
	close(fd);
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
	size_t whole;

	if (__builtin_mul_overflow(n, size, &whole)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, whole);
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *memory = memalign(alignment, size);

	if (!memory)
		return ENOMEM;
	*ret = memory;
	return 0;
}
