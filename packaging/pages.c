// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills a template of the manual page or the completion, from standard input to
 * standard output: a line "@NAME" becomes what the tool's own tables say. It
 * runs while virt-hostdev is built, and is linked of the same objects.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/request/critical.h"
#include "tools/tool.h"
#include "xml/rewrite/setting.h"

/* Prints text as roff shows it: what it would take for its own is told. */
static void put_roff(const char *text)
{
	for (const char *c = text; *c; c++) {
		bool begins = c == text || c[-1] == '\n';

		if (*c == '\n' && begins)
			fputs(".PP", stdout);
		else if (begins && *c == '.')
			fputs("\\&", stdout);
		if (*c == '-')
			fputs("\\-", stdout);
		else if (*c == '\'')
			fputs("\\(aq", stdout);
		else if (*c == '\\')
			fputs("\\e", stdout);
		else
			putchar(*c);
	}
}

/* A help as a sentence. */
static void put_sentence(const char *help)
{
	char first[] = { (char)toupper((unsigned char)*help), '\0' };

	put_roff(first);
	put_roff(help + 1);
	puts(".");
}

static void put_option(const struct hd_option *option)
{
	puts(".TP");
	if (option->letter)
		printf("\\fB\\-%c\\fR, ", option->letter);
	fputs("\\fB\\-\\-", stdout);
	put_roff(option->name);
	fputs("\\fR", stdout);
	if (option->argument) {
		fputs(" \\fI", stdout);
		put_roff(option->argument);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	put_sentence(option->help);
}

/* Which of them a verb can end with. */
static void put_exit_codes(const struct hd_verb *verb)
{
	fputs(".PP\nExit status", stdout);
	for (enum hd_exit e = 0; e < HD_N_EXITS; e++)
		if (hd_exit_is_of(verb, e))
			printf("%s %d", e ? "," : "", (int)e);
	puts(": see \\fBEXIT STATUS\\fR.");
}

static void put_verb(const struct hd_verb *verb)
{
	struct hd_options options;
	size_t own = 0;

	printf(".SS %s [OPTION]...%s", verb->name, *verb->arguments ? " " : "");
	put_roff(verb->arguments);
	putchar('\n');
	put_sentence(verb->summary);
	puts(".PP");
	put_roff(verb->help);
	putchar('\n');
	hd_options_of(verb, &options);
	while (own < options.n && options.is_own[own])
		put_option(options.items[own++]);
	puts(".PP");
	for (size_t i = own; i < options.n; i++) {
		fputs(i == own ? "\\fB\\-\\-" : ", \\fB\\-\\-", stdout);
		put_roff(options.items[i]->name);
		fputs("\\fR", stdout);
	}
	puts(": see \\fBOPTIONS\\fR.");
	put_exit_codes(verb);
}

static void put_verbs(void)
{
	for (const struct hd_verb *const *v = hd_verbs; *v; v++)
		put_verb(*v);
}

/* The options that verbs share. */
static void put_common(void)
{
	const struct hd_verb every = { .common = ~0u };
	struct hd_options options;

	hd_options_of(&every, &options);
	for (size_t i = 0; i < options.n; i++)
		put_option(options.items[i]);
}

static void put_exits(void)
{
	for (enum hd_exit e = 0; e < HD_N_EXITS; e++) {
		printf(".TP\n%d\n", (int)e);
		put_sentence(hd_exits[e]);
	}
}

static void put_keys(void)
{
	for (size_t i = 0; i < hd_key_count(); i++) {
		fputs(".TP\n\\fB", stdout);
		put_roff(hd_key_at(i)->name);
		fputs("\\fR\n", stdout);
		put_sentence(hd_key_at(i)->takes);
	}
}

/* A line "VERB - - ARGUMENTS" for each verb, then "VERB --NAME -LETTER
 * ARGUMENT" for each of its options; a dash is a letter that there isn't. */
static void put_rows(void)
{
	struct hd_options options;

	for (const struct hd_verb *const *v = hd_verbs; *v; v++) {
		printf("%s - - %s\n", (*v)->name, (*v)->arguments);
		hd_options_of(*v, &options);
		for (size_t i = 0; i < options.n; i++) {
			const struct hd_option *o = options.items[i];
			char letter[] = { o->letter, '\0' };

			printf("%s --%s -%s %s\n", (*v)->name, o->name, letter,
			       o->argument ? o->argument : "");
		}
	}
}

static void put_key_words(void)
{
	for (size_t i = 0; i < hd_key_count(); i++)
		puts(hd_key_at(i)->name);
}

static void put_reason_words(void)
{
	const char *name;

	for (int i = 0; (name = hd_critical_name((enum hd_critical)i)); i++)
		puts(name);
}

static const struct {
	const char *line;
	void (*put)(void);
} fillings[] = {
	{ "@man-verbs\n", put_verbs },
	{ "@man-options\n", put_common },
	{ "@man-exits\n", put_exits },
	{ "@man-keys\n", put_keys },
	{ "@rows\n", put_rows },
	{ "@key-words\n", put_key_words },
	{ "@reason-words\n", put_reason_words },
};

/* Returns whether a line could be put. */
static bool put_line(const char *line)
{
	if (*line != '@') {
		fputs(line, stdout);
		return true;
	}
	for (size_t i = 0; i < sizeof(fillings) / sizeof(fillings[0]); i++)
		if (strcmp(line, fillings[i].line) == 0) {
			fillings[i].put();
			return true;
		}
	fprintf(stderr, "pages: nothing is called %s", line);
	return false;
}

int main(void)
{
	HD_AUTOFREE char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0)
		if (!put_line(line))
			return 1;
	return ferror(stdin) || fflush(stdout) != 0;
}
