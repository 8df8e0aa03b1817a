// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/print.h"
#include "tools/cli/json.h"
#include "tools/tool.h"

/* A person wants to see the last runs, a program gets all. */
#define SHOWN 20

static json_object *time_json(const struct hd_log_record *record)
{
	char text[sizeof("2026-01-01T00:00:00+0000")] = "";
	time_t seconds = (time_t)(record->time / 1000000);
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	return hd_json_text(text);
}

static json_object *devices_json(const struct hd_log_record *record)
{
	json_object *array = json_object_new_array();
	const char *rest = record->devices ? record->devices : "";

	while (*rest) {
		size_t n = strcspn(rest, " ");

		json_object_array_add(array,
				      json_object_new_string_len(rest, (int)n));
		rest += n + (rest[n] == ' ');
	}
	return array;
}

static json_object *record_json(const struct hd_log_record *record)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "time", time_json(record));
	json_object_object_add(object, "domain", hd_json_text(record->domain));
	json_object_object_add(object, "uuid", hd_json_text(record->uuid));
	json_object_object_add(object, "event", hd_json_text(record->event));
	json_object_object_add(object, "outcome",
			       hd_json_text(hd_outcome_name(record->outcome)));
	json_object_object_add(object, "duration_usec",
			       json_object_new_int64(record->duration));
	json_object_object_add(object, "devices", devices_json(record));
	json_object_object_add(object, "message",
			       hd_json_text(record->message));
	return object;
}

static void print_record(const struct hd_log_record *record)
{
	char when[sizeof("2026-01-01 00:00:00")] = "";
	time_t seconds = (time_t)(record->time / 1000000);
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s  ", when);
	hd_print(stdout, record->event);
	printf("%*s %-8s %7.3f s  ",
	       strlen(record->event) < 9 ? 9 - (int)strlen(record->event) : 0,
	       "", hd_outcome_name(record->outcome),
	       (double)record->duration / 1e6);
	hd_print(stdout, record->domain ? record->domain : "by hand");
	fputs(record->devices ? "  " : "", stdout);
	hd_print(stdout, record->devices ? record->devices : "");
	putchar('\n');
	if (!record->message)
		return;
	fputs("    ", stdout);
	hd_print(stdout, record->message);
	putchar('\n');
}

static void print_nothing(const char *domain)
{
	fputs("The hook has not run", stdout);
	if (domain) {
		fputs(" for guest '", stdout);
		hd_print(stdout, domain);
		putchar('\'');
	}
	puts(" since this host was started.\n"
	     "If a guest was started: is /etc/libvirt/hooks/qemu there, and was libvirtd or\n"
	     "virtqemud reloaded after it was installed?");
}

/* Whether a record is about the domain, by its name or UUID. */
static bool concerns(const struct hd_log_record *record, const char *domain)
{
	return !domain ||
	       (record->domain && strcmp(record->domain, domain) == 0) ||
	       (record->uuid && strcmp(record->uuid, domain) == 0);
}

static void print_text(const struct hd_log *log, const char *domain)
{
	size_t n = 0, index = 0;

	for (size_t i = 0; i < log->n; i++)
		n += concerns(&log->items[i], domain);
	if (n == 0)
		print_nothing(domain);
	for (size_t i = 0; i < log->n; i++)
		if (concerns(&log->items[i], domain) && index++ + SHOWN >= n)
			print_record(&log->items[i]);
}

static void print_json(const struct hd_log *log, const char *domain)
{
	json_object *object = json_object_new_object();
	json_object *runs = json_object_new_array();

	for (size_t i = 0; i < log->n; i++)
		if (concerns(&log->items[i], domain))
			json_object_array_add(runs,
					      record_json(&log->items[i]));
	json_object_object_add(object, "runs", runs);
	hd_json_print(object);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	const char *domain = argc > 0 ? argv[0] : NULL;
	HD_AUTO_LOG struct hd_log log = { NULL, 0 };

	if (hd_log_read(&tool->host, &log, err) < 0)
		return HD_EXIT_FAILED;
	if (tool->json)
		print_json(&log, domain);
	else
		print_text(&log, domain);
	return HD_EXIT_FINE;
}

const struct hd_verb hd_verb_log = {
	.name = "log",
	.arguments = "[DOMAIN]",
	.summary = "Show what was done for guests, and what came of it",
	.help = "Each line is one run of the hook, of attach or detach for a guest that ran, or of\n"
		"bind or release, by hand: when, which event, what came of it, how long it took,\n"
		"for which guest and devices; a second line says what there was to say. An outcome\n"
		"is done, refused, failed, or nothing, when there was nothing to do. A guest that is\n"
		"not in it was started without the hook.\n"
		"The last 20 are shown, with --json all since the host was started. Only root can\n"
		"see them. The same records go to the journal (or syslog), where they stay:\n"
		"journalctl -t virt-hostdev.",
	.common = HD_OPT_JSON | HD_OPT_ROOT,
	.max_arguments = 1,
	.tells = true,
	.run = run,
};
