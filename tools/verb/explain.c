// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/explain/confirm.h"
#include "lib/explain/sources.h"
#include "lib/explain/stamp.h"
#include "tools/cli/json.h"
#include "tools/tool.h"

struct values {
	const char *since; /* NULL: not given */
	bool list;
};

#define WIDTH 80
#define INDENT 13 /* of texts, behind what they are */

/* What is printed of a case and of what it was found in. */
struct output {
	const struct hd_host *host; /* where to confirm; NULL: nowhere */
	const struct hd_sources *sources;
};

/* Prints a text of the catalogue, wrapped, after a word that says what it is.
 */
static void print_wrapped(const char *label, const char *text)
{
	size_t indent = INDENT, column;

	if (!text)
		return;
	printf("  %-*s", (int)indent - 2, label);
	for (column = indent; *text;) {
		size_t n = strcspn(text, " ");

		if (column > indent && column + n + 1 > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		if (column > indent)
			putchar(' ');
		column += n + (column > indent);
		fwrite(text, 1, n, stdout);
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_title(const struct hd_case *item, const char *indent)
{
	HD_AUTOFREE char *checked = hd_case_subject(item);

	printf("%s%s%s%s\n", indent, checked ? checked : "",
	       checked ? ": " : "", item->entry->title);
}

static void print_lines(const struct hd_case *item)
{
	for (size_t i = 0; i < item->n_lines; i++) {
		printf("    ");
		hd_print(stdout, item->lines[i]);
		putchar('\n');
	}
	if (item->count > item->n_lines)
		printf("    ... and %zu more\n", item->count - item->n_lines);
}

static void print_answer(const struct hd_case *item, const struct hd_host *host)
{
	HD_AUTOFREE char *text = NULL;
	enum hd_answer answer;

	if (!host)
		return;
	answer = hd_case_confirm(item, host, &text);
	if (!text)
		return;
	printf("  %-*s", INDENT - 2,
	       answer == HD_ANSWER_YES ? "Confirmed:" :
	       answer == HD_ANSWER_NO  ? "Not so:" :
					 "Unknown:");
	hd_print(stdout, text);
	puts(".");
}

static void print_cause(const struct hd_report *report, size_t index,
			const struct hd_host *host)
{
	const struct hd_case *item = &report->items[index];
	bool first = true;

	print_title(item, "");
	print_lines(item);
	print_wrapped("Why:", item->entry->cause);
	print_wrapped("Confirm:", item->entry->how);
	print_answer(item, host);
	print_wrapped("Fix:", item->entry->fix);
	print_wrapped("Avoid:", item->entry->avoid);
	for (size_t i = report->n_causes; i < report->n; i++) {
		if (report->items[i].because != index)
			continue;
		if (first)
			puts("  Because of that:");
		first = false;
		print_title(&report->items[i], "    ");
	}
}

static void print_nothing(const struct hd_sources *sources)
{
	fputs("Nothing known was found in ", stdout);
	for (size_t i = 0; i < sources->n_read; i++) {
		fputs(i ? ", " : "", stdout);
		hd_print(stdout, sources->read[i]);
	}
	puts(sources->n_read ? "." : "any log.");
	puts("Where to look: the kernel's log of the second in which it failed (dmesg -T), the\n"
	     "last lines of /var/log/libvirt/qemu/GUEST.log, journalctl -u virtqemud -u libvirtd.\n"
	     "Messages of libvirt are only known in English. virt-hostdev check GUEST says\n"
	     "whether a guest could start now.");
}

static void print_text(const struct hd_report *report,
		       const struct output *output)
{
	const struct hd_sources *sources = output->sources;

	if (report->n == 0)
		print_nothing(sources);
	for (size_t i = 0; i < report->n_causes; i++) {
		if (i)
			putchar('\n');
		print_cause(report, i, output->host);
	}
	fflush(stdout);
	for (size_t i = 0; i < sources->n_unread; i++) {
		fputs("virt-hostdev: ", stderr);
		hd_print(stderr, sources->unread[i]);
		fputc('\n', stderr);
	}
}

static json_object *texts_json(char *const *texts, size_t n)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, hd_json_text(texts[i]));
	return array;
}

static json_object *case_json(const struct hd_case *item)
{
	json_object *object = json_object_new_object();
	struct hd_addr_text addr = hd_addr_text(item->addr);

	json_object_object_add(object, "id", hd_json_text(item->entry->id));
	json_object_object_add(object, "title",
			       hd_json_text(item->entry->title));
	json_object_object_add(object, "address",
			       hd_json_text(item->has_addr ? addr.s : NULL));
	json_object_object_add(object, "group",
			       hd_json_int((int)item->group, -1));
	json_object_object_add(object, "lines",
			       texts_json(item->lines, item->n_lines));
	json_object_object_add(object, "count",
			       json_object_new_int64((int64_t)item->count));
	return object;
}

static void add_answer(json_object *object, const struct hd_case *item,
		       const struct hd_host *host)
{
	HD_AUTOFREE char *text = NULL;
	enum hd_answer answer = HD_ANSWER_UNKNOWN;

	if (host)
		answer = hd_case_confirm(item, host, &text);
	json_object_object_add(
		object, "confirmed",
		answer == HD_ANSWER_UNKNOWN ?
			NULL :
			json_object_new_boolean(answer == HD_ANSWER_YES));
	json_object_object_add(object, "seen", hd_json_text(text));
}

static json_object *cause_json(const struct hd_case *item,
			       const struct hd_host *host)
{
	json_object *object = case_json(item);

	json_object_object_add(object, "cause",
			       hd_json_text(item->entry->cause));
	json_object_object_add(object, "confirm",
			       hd_json_text(item->entry->how));
	add_answer(object, item, host);
	json_object_object_add(object, "fix", hd_json_text(item->entry->fix));
	json_object_object_add(object, "avoid",
			       hd_json_text(item->entry->avoid));
	return object;
}

static json_object *consequence_json(const struct hd_case *item)
{
	json_object *object = case_json(item);

	json_object_object_add(object, "because",
			       json_object_new_int64((int64_t)item->because));
	return object;
}

/* Nobody knows what is in a log that can't be read. */
static enum hd_exit exit_of(const struct hd_report *report,
			    const struct hd_sources *sources)
{
	return report->n == 0 && sources->n_unread > 0 ? HD_EXIT_UNKNOWN :
							 HD_EXIT_FINE;
}

static void print_json(const struct hd_report *report,
		       const struct output *output)
{
	const struct hd_sources *sources = output->sources;
	json_object *object = json_object_new_object();
	json_object *causes = json_object_new_array();
	json_object *also = json_object_new_array();

	for (size_t i = 0; i < report->n; i++)
		if (i < report->n_causes)
			json_object_array_add(
				causes,
				cause_json(&report->items[i], output->host));
		else
			json_object_array_add(
				also, consequence_json(&report->items[i]));
	json_object_object_add(object, "causes", causes);
	json_object_object_add(object, "also_seen", also);
	json_object_object_add(object, "read",
			       texts_json(sources->read, sources->n_read));
	json_object_object_add(object, "unread",
			       texts_json(sources->unread, sources->n_unread));
	json_object_object_add(
		object, "exit",
		json_object_new_int((int)exit_of(report, sources)));
	hd_json_print(object);
}

/* Every failure that is known, for --list. */
static int list(const struct hd_tool *tool)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < hd_catalogue_n; i++)
		for (const struct hd_entry *e = hd_catalogue[i]; e->id; e++) {
			json_object *object;

			if (e->rank >= HD_RANK_NOISE)
				continue;
			if (!tool->json) {
				printf("%-26s %s\n", e->id, e->title);
				continue;
			}
			object = json_object_new_object();
			json_object_object_add(object, "id",
					       hd_json_text(e->id));
			json_object_object_add(object, "title",
					       hd_json_text(e->title));
			json_object_array_add(array, object);
		}
	if (tool->json)
		hd_json_print(array);
	else
		json_object_put(array);
	return HD_EXIT_FINE;
}

static bool is_file(const char *argument)
{
	return strcmp(argument, "-") == 0 || strchr(argument, '/') ||
	       access(argument, F_OK) == 0;
}

static int note_read(struct hd_sources *sources, const char *name,
		     struct hd_err *err)
{
	char *text = strdup(name);
	char **array = text ? realloc(sources->read,
				      (sources->n_read + 1) * sizeof(*array)) :
			      NULL;

	if (!array) {
		free(text);
		return hd_err_nomem(err);
	}
	sources->read = array;
	array[sources->n_read++] = text;
	return 0;
}

static int read_file(struct hd_explain *explain, const char *path,
		     struct hd_sources *sources, struct hd_err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "standard input" : path;
	HD_AUTOCLOSE int fd = -1;
	int r;

	if (!is_stdin) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return hd_err_set(err, errno, "cannot open %s: %m",
					  path);
	}
	r = hd_explain_read(explain, is_stdin ? STDIN_FILENO : fd);
	if (r < 0)
		return hd_err_set(err, -r, "cannot read %s: %s", name,
				  strerror(-r));
	return note_read(sources, name, err);
}

/* The files that are named; or the logs of the host. */
static int read_all(struct hd_tool *tool, int argc, char **argv, int64_t since,
		    struct hd_explain *explain, struct hd_sources *sources,
		    struct hd_err *err)
{
	int r = 0;

	if (argc == 0 || (argc == 1 && !is_file(argv[0]))) {
		r = hd_sources_feed(explain, &tool->host, argc ? argv[0] : NULL,
				    since, sources);
		return r < 0 ? hd_err_nomem(err) : 0;
	}
	for (int i = 0; r == 0 && i < argc; i++) {
		hd_explain_since(explain, since);
		r = read_file(explain, argv[i], sources, err);
	}
	return r;
}

static int read_since(const struct values *values, int64_t *ret,
		      struct hd_err *err)
{
	*ret = 0;
	if (!values->since)
		return 0;
	*ret = hd_stamp_since(values->since, time(NULL));
	if (*ret >= 0)
		return 0;
	return hd_err_set(
		err, EINVAL,
		"--since takes 30m, 2h, 3d or '2026-11-21 04:05', not '%s'",
		values->since);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_EXPLAIN struct hd_explain *explain = NULL;
	HD_AUTO_SOURCES struct hd_sources sources = { .read = NULL };
	HD_AUTO_REPORT struct hd_report report = { NULL, 0, 0 };
	const struct values *values = tool->values;
	struct output output = { NULL, &sources };
	int64_t since;

	if (values->list)
		return list(tool);
	if (read_since(values, &since, err) < 0)
		return HD_EXIT_USAGE;
	explain = hd_explain_new();
	if (!explain) {
		hd_err_nomem(err);
		return HD_EXIT_FAILED;
	}
	if (read_all(tool, argc, argv, since, explain, &sources, err) < 0 ||
	    hd_explain_report(explain, &report, err) < 0)
		return HD_EXIT_FAILED;
	/* A file may be another machine's. */
	if (tool->root || argc == 0 || !is_file(argv[0]))
		output.host = &tool->host;
	if (tool->json)
		print_json(&report, &output);
	else
		print_text(&report, &output);
	return (int)exit_of(&report, &sources);
}

static const struct hd_option options[] = {
	{ 'S', "since", "TIME", "leave out what is older",
	  offsetof(struct values, since), NULL },
	{ 'l', "list", NULL, "list all failures that are known",
	  offsetof(struct values, list), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_explain = {
	.name = "explain",
	.arguments = "[DOMAIN|FILE...|-]",
	.summary = "Find in logs why a guest with a device failed",
	.help = "Without an argument it reads what this host logged since it was booted: the\n"
		"kernel, QEMU for the guest that started last or for DOMAIN, libvirt's daemon.\n"
		"What has a slash or is the name of a file is a FILE, which may come from any\n"
		"machine and may be cut, wrapped or pasted; a dash is standard input.\n"
		"The cause comes first: what happened, the lines that say so, why, how to confirm\n"
		"it, the fix and what not to do; then what came of it. On this host, or on that of\n"
		"--root, it looks whether it is so. Known noise is left out.\n"
		"--since takes an age (30m, 2h, 3d) or a time ('2026-11-21 04:05').",
	.common = HD_OPT_JSON | HD_OPT_ROOT,
	.options = options,
	.values_size = sizeof(struct values),
	.max_arguments = 1000,
	.tells = true,
	.run = run,
};
