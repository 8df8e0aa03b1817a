// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "xml/doc/diff.h"
#include "xml/rewrite/rewrite.h"

/* More than enough, and bounded. */
#define MAX 4

/* What the first line of an input asks for. */
struct wish {
	struct hd_block adds[MAX];
	struct hd_addr removes[MAX];
	struct hd_replacement replacements[MAX];
	struct hd_setting settings[MAX];
	struct hd_rewrite what;
	bool chained; /* one's new address is another's old one */
};

static char *block_for(struct hd_addr addr)
{
	return hd_text(
		"<hostdev mode='subsystem' type='pci' managed='yes'>\n  <source>\n"
		"    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n"
		"  </source>\n</hostdev>\n",
		addr.domain, addr.bus, addr.slot, addr.function);
}

/* "+A", "-A", "A=B", "~" or a setting; false for anything else. */
static bool read_word(struct wish *wish, char *word)
{
	struct hd_rewrite *what = &wish->what;
	struct hd_replacement both;
	struct hd_addr addr;
	char *equals = strchr(word, '=');

	if (strcmp(word, "~") == 0)
		return what->tidy = true;
	if (*word == '+' && what->n_adds < MAX &&
	    hd_addr_parse(word + 1, &addr, NULL) == 0) {
		wish->adds[what->n_adds].addr = addr;
		wish->adds[what->n_adds].xml = block_for(addr);
		return wish->adds[what->n_adds++].xml;
	}
	if (*word == '-' && what->n_removes < MAX &&
	    hd_addr_parse(word + 1, &addr, NULL) == 0) {
		wish->removes[what->n_removes++] = addr;
		return true;
	}
	if (what->n_settings < MAX &&
	    hd_setting_parse(word, &wish->settings[what->n_settings], NULL) ==
		    0) {
		what->n_settings++;
		return true;
	}
	if (!equals || what->n_replacements == MAX)
		return false;
	*equals = '\0';
	if (hd_addr_parse(word, &both.from, NULL) < 0 ||
	    hd_addr_parse(equals + 1, &both.to, NULL) < 0)
		return false;
	wish->replacements[what->n_replacements++] = both;
	return true;
}

static bool read_wish(struct wish *wish, char *line)
{
	struct hd_rewrite *what = &wish->what;
	char *word;

	*what = (struct hd_rewrite){ .adds = wish->adds,
				     .removes = wish->removes,
				     .replacements = wish->replacements,
				     .settings = wish->settings };
	while ((word = strsep(&line, " ")))
		if (!read_word(wish, word))
			return false;
	for (size_t i = 0; i < what->n_replacements; i++)
		for (size_t k = 0; k < what->n_replacements; k++)
			wish->chained |=
				hd_addr_equal(what->replacements[i].to,
					      what->replacements[k].from);
	return hd_rewrite_check(what, NULL) == 0;
}

static void clear_wish(struct wish *wish)
{
	for (size_t i = 0; i < MAX; i++)
		free(wish->adds[i].xml);
}

/* The text of a domain after @what, or NULL for a refusal, which is said. */
static char *rewrite(const char *text, size_t length,
		     const struct hd_rewrite *what, size_t *ret_length)
{
	HD_AUTO_REWRITTEN struct hd_rewritten rewritten = { .text = NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE char *diff = NULL;
	size_t size;
	FILE *file = open_memstream(&diff, &size);

	if (!file ||
	    hd_rewrite_domain(text, length, what, &rewritten, &err) < 0) {
		if (!file || !err.message)
			__builtin_trap();
		fclose(file);
		return NULL;
	}
	if (hd_diff_print(file, "domain", text, length, &rewritten.edits,
			  HD_DIFF_COLOURED, NULL) < 0)
		__builtin_trap();
	fclose(file);
	if (!rewritten.text && (rewritten.edits.n || size))
		__builtin_trap();
	*ret_length = rewritten.text ? rewritten.length : length;
	return rewritten.text ? hd_steal(&rewritten.text) :
				strndup(text, length);
}

/*
 * The first line is what is to be done, the rest a domain: what comes out of it
 * is a domain that asks for what it should, and once more changes nothing. Or
 * it is refused, and that is said.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_DOMAIN struct hd_domain before = { .name = NULL };
	HD_AUTO_DOMAIN struct hd_domain after = { .name = NULL };
	HD_AUTO(clear_wish) struct wish wish = { .chained = false };
	HD_AUTOFREE char *input = strndup((const char *)data, size);
	HD_AUTOFREE char *first = NULL;
	HD_AUTOFREE char *second = NULL;
	char *text = input ? strchr(input, '\n') : NULL;
	size_t n, n_second;

	if (!text)
		return 0;
	*text++ = '\0';
	if (!read_wish(&wish, input) ||
	    hd_domain_parse(text, strlen(text), &before, NULL) < 0)
		return 0;
	first = rewrite(text, strlen(text), &wish.what, &n);
	if (!first)
		return 0;
	if (hd_domain_parse(first, n, &after, NULL) < 0 ||
	    hd_rewrite_verify(&before, &after, &wish.what, NULL) < 0)
		__builtin_trap();
	if (wish.chained)
		return 0;
	second = rewrite(first, n, &wish.what, &n_second);
	if (!second || n_second != n || memcmp(first, second, n) != 0)
		__builtin_trap();
	return 0;
}
