// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/bootargs.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/host/proc.h"

/* The kernel's is a few thousand bytes (COMMAND_LINE_SIZE). */
#define SIZE_LIMIT 65536

/* Ends the word at @p, dropping its quotes; returns what follows it. */
static char *cut_word(char *p)
{
	bool quoted = false;
	char *out = p;

	for (; *p && (quoted || !isspace((unsigned char)*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else
			*out++ = *p;
	}
	if (*p)
		p++;
	*out = '\0';
	return p;
}

int hd_bootargs_parse(const char *text, struct hd_bootargs *ret)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { strdup(text), NULL, 0 };
	char *p = args.text;

	if (!p)
		return -ENOMEM;
	while (*p) {
		struct hd_bootarg *arg;
		char *word, *equals;

		while (isspace((unsigned char)*p))
			p++;
		word = p;
		p = cut_word(p);
		if (strcmp(word, "--") == 0)
			break;
		if (!*word)
			continue;
		arg = hd_array_add(&args.items, &args.n, sizeof(*arg));
		if (!arg)
			return -ENOMEM;
		equals = strchr(word, '=');
		if (equals)
			*equals = '\0';
		*arg = (struct hd_bootarg){ word, equals ? equals + 1 : NULL };
	}
	*ret = args;
	args = (struct hd_bootargs){ NULL, NULL, 0 };
	return 0;
}

int hd_bootargs_read(const struct hd_host *host, struct hd_bootargs *ret)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = hd_seen_required(hd_host_read(host, HD_PROC_CMDLINE, SIZE_LIMIT,
					      &text, &length));

	return r < 0 ? r : hd_bootargs_parse(text, ret);
}

bool hd_module_names_equal(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char x = a[i] == '-' ? '_' : a[i];
		char y = b[i] == '-' ? '_' : b[i];

		if (x != y)
			return false;
		if (!x)
			break;
	}
	return true;
}

/* Whether @part, of @n bytes, is the value or between its commas. */
static bool value_has(const char *value, const char *part, size_t n)
{
	bool begins = n > 0 && part[n - 1] == '=';

	while (value) {
		size_t length = strcspn(value, ",");

		if (strncmp(value, part, n) == 0 && (begins || length == n))
			return true;
		value = value[length] ? value + length + 1 : NULL;
	}
	return false;
}

static bool matches(const struct hd_bootarg *arg, const char *wanted, size_t n)
{
	const char *equals = memchr(wanted, '=', n);
	size_t length = equals ? (size_t)(equals - wanted) : n;

	if (strlen(arg->name) != length ||
	    !hd_module_names_equal(arg->name, wanted, length))
		return false;
	return !equals || value_has(arg->value, equals + 1, n - length - 1);
}

const struct hd_bootarg *hd_bootargs_find(const struct hd_bootargs *args,
					  const char *wanted,
					  const struct hd_bootarg *after)
{
	size_t first = after ? (size_t)(after - args->items) + 1 : 0;

	for (size_t i = first; i < args->n; i++)
		for (const char *p = wanted; p;) {
			size_t n = strcspn(p, "|");

			if (matches(&args->items[i], p, n))
				return &args->items[i];
			p = p[n] ? p + n + 1 : NULL;
		}
	return NULL;
}

const char *hd_bootargs_value(const struct hd_bootargs *args, const char *name)
{
	const struct hd_bootarg *arg = NULL;
	const char *value = NULL;

	while ((arg = hd_bootargs_find(args, name, arg)))
		value = arg->value;
	return value;
}

/* One line, which ends at @n: "kernel.kvm-arm.mode = \"protected\"". */
static bool line_says(const char *line, size_t n, const char *key,
		      const char *value)
{
	const char *equals = memchr(line, '=', n), *end = line + n;
	size_t n_key, n_value, wanted = strlen(key);

	if (!equals || line[strspn(line, " \t")] == '#')
		return false;
	n_key = (size_t)(equals - line);
	while (n_key > 0 && strchr(" \t+:", line[n_key - 1]))
		n_key--;
	if (n_key < wanted || memcmp(line + n_key - wanted, key, wanted) != 0 ||
	    (n_key > wanted && !strchr(". \t{;", line[n_key - wanted - 1])))
		return false;
	equals++;
	while (equals < end && strchr(" \t\"'", *equals))
		equals++;
	n_value = strcspn(equals, "\"' \t;,#}\r\n");
	return n_value == strlen(value) && memcmp(equals, value, n_value) == 0;
}

bool hd_bootconfig_says(const char *text, const char *key, const char *value)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		if (line_says(line, n, key, value))
			return true;
		line += n + (line[n] == '\n');
	}
	return false;
}

void hd_bootargs_clear(struct hd_bootargs *args)
{
	free(args->items);
	free(args->text);
	*args = (struct hd_bootargs){ NULL, NULL, 0 };
}
