// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hand-over does to the host's screen, one thing at a time:
 *
 *	display query UNIT
 *	display stop|start UNIT SECONDS
 *	display scope UNIT
 *	display let-go ADDRESS SECONDS
 *	display read ADDRESS
 *	display console NAME on|off SECONDS
 *	display framebuffer NAME DRIVER on|off
 *	display load|unload MODULE SECONDS
 *	display parameter MODULE/NAME VALUE
 *	display connector ADDRESS NAME SECONDS
 *	display owner PID UNIT
 *
 * Prints what came of it; the sentence of a failure goes to stderr, after the
 * name of its errno, with exit code 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/print.h"
#include "lib/display/card.h"
#include "lib/display/connector.h"
#include "lib/display/console.h"
#include "lib/display/framebuffer.h"
#include "lib/display/let_go.h"
#include "lib/display/module_stack.h"
#include "lib/display/owner.h"
#include "lib/display/systemd.h"

static int query(const struct hd_host *host, char **words, struct hd_err *err)
{
	HD_AUTO_UNIT struct hd_unit unit = { .id = NULL };
	int r = hd_unit_query(host, words[0], &unit, err);

	if (r == 0)
		printf("%s %s %u %u\n", unit.id,
		       unit.active ? "active" : "inactive", unit.stop_seconds,
		       unit.start_seconds);
	return r;
}

static int stop(const struct hd_host *host, char **words, struct hd_err *err)
{
	return hd_unit_stop(host, words[0], (unsigned)atoi(words[1]), err);
}

static int start(const struct hd_host *host, char **words, struct hd_err *err)
{
	return hd_unit_start(host, words[0], (unsigned)atoi(words[1]), err);
}

static int scope(const struct hd_host *host, char **words, struct hd_err *err)
{
	return hd_scope_enter(host, words[0], err);
}

static int let_go(const struct hd_host *host, char **words, struct hd_err *err)
{
	struct hd_addr addr;
	int r = hd_addr_parse(words[0], &addr, err);

	return r < 0 ? r : hd_let_go(host, addr, (unsigned)atoi(words[1]), err);
}

static int read_card(const struct hd_host *host, char **words,
		     struct hd_err *err)
{
	HD_AUTO_SCREEN struct hd_screen screen = { NULL, 0 };
	struct hd_device card = { .driver = NULL };
	struct hd_addr addr;
	int r = hd_addr_parse(words[0], &addr, err);

	if (r == 0)
		r = hd_device_read(host, addr, HD_BRIEF, &card, err);
	if (r == 0)
		r = hd_display_read(host, &card, &screen, err);
	hd_device_clear(&card);
	for (size_t i = 0; r == 0 && i < screen.n; i++)
		printf("%s %s %s\n", hd_screen_kind_name(screen.items[i].kind),
		       screen.items[i].name,
		       screen.items[i].value ? screen.items[i].value : "-");
	return r;
}

static bool is_on(const char *word)
{
	return strcmp(word, "on") == 0;
}

static int console(const struct hd_host *host, char **words, struct hd_err *err)
{
	return hd_console_set(host, words[0], is_on(words[1]),
			      (unsigned)atoi(words[2]), err);
}

static int framebuffer(const struct hd_host *host, char **words,
		       struct hd_err *err)
{
	return hd_framebuffer_set(host, words[0], words[1], is_on(words[2]),
				  err);
}

static int load(const struct hd_host *host, char **words, struct hd_err *err)
{
	return hd_display_module_load(host, words[0], (unsigned)atoi(words[1]),
				      err);
}

static int unload(const struct hd_host *host, char **words, struct hd_err *err)
{
	return hd_display_module_unload(host, words[0],
					(unsigned)atoi(words[1]), err);
}

static int parameter(const struct hd_host *host, char **words,
		     struct hd_err *err)
{
	return hd_parameter_set(host, words[0], words[1], err);
}

static int connector(const struct hd_host *host, char **words,
		     struct hd_err *err)
{
	struct hd_addr addr;
	int r = hd_addr_parse(words[0], &addr, err);

	return r < 0 ? r :
		       hd_connector_wait(host, addr, words[1],
					 (unsigned)atoi(words[2]), err);
}

/* "gdm.service - 0 ends" */
static int owner(const struct hd_host *host, char **words, struct hd_err *err)
{
	static const char *const ends[] = { [HD_PRESENT] = "ends",
					    [HD_ABSENT] = "stays",
					    [HD_UNKNOWN] = "unknown " };
	const char *manager = strcmp(words[1], "-") ? words[1] : NULL;
	HD_AUTO_OWNER struct hd_owner found = HD_OWNER_INIT;
	int r = hd_owner_read(host, atoi(words[0]), manager, &found, err);

	if (r < 0)
		return r;
	printf("%s %s %u %s", found.unit ? found.unit : "-",
	       found.session ? found.session : "-", found.uid,
	       ends[found.ends.is]);
	if (found.unknown)
		hd_print(stdout, found.unknown);
	puts("");
	return 0;
}

static const struct {
	const char *name;
	int n;
	int (*run)(const struct hd_host *host, char **words,
		   struct hd_err *err);
} verbs[] = {
	{ "let-go", 2, let_go },       { "query", 1, query },
	{ "stop", 2, stop },	       { "start", 2, start },
	{ "scope", 1, scope },	       { "read", 1, read_card },
	{ "console", 3, console },     { "framebuffer", 3, framebuffer },
	{ "load", 2, load },	       { "unload", 2, unload },
	{ "parameter", 2, parameter }, { "connector", 3, connector },
	{ "owner", 2, owner },
};

int main(int argc, char **argv)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	int r = hd_host_open(&host, getenv("DISPLAY_ROOT"), &err);
	size_t i = 0;

	while (argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]) &&
	       strcmp(verbs[i].name, argv[1]) != 0)
		i++;
	if (argc < 2 || i == sizeof(verbs) / sizeof(verbs[0]) ||
	    argc - 2 != verbs[i].n)
		return 2;
	if (r == 0)
		r = verbs[i].run(&host, argv + 2, &err);
	if (r >= 0)
		return 0;
	fprintf(stderr, "%s ", strerrorname_np(-r));
	hd_print(stderr, err.message ? err.message : "-");
	fputs("\n", stderr);
	return 1;
}
