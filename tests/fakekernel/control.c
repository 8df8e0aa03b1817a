// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fakekernel/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fakekernel/call.h"
#include "tests/fakekernel/screen.h"
#include "tests/fakekernel/words.h"

static int fail(FILE *out, const char *what, const char *text)
{
	fprintf(out, "%s: %s", what, text ? text : "(nothing)");
	return -1;
}

static int done(FILE *out, int r)
{
	return r < 0 ? fail(out, "refused", strerrorname_np(-r)) : 0;
}

static int do_reset(struct fk_kernel *k, char **words, FILE *out)
{
	char error[256];

	(void)words;
	return fk_kernel_reset(k, error, sizeof(error)) < 0 ?
		       fail(out, "description", error) :
		       0;
}

static int do_recount(struct fk_kernel *k, char **words, FILE *out)
{
	(void)words, (void)out;
	fk_faults_clear(k);
	k->writes = 0;
	k->log_length = 0;
	return 0;
}

static int parse_victim(const char *word, struct fk_fault *fault, FILE *out)
{
	if (!word || strcmp(word, "caller") == 0)
		fault->victim = FK_CALLER;
	else if (strcmp(word, "leader") == 0)
		fault->victim = FK_LEADER;
	else if (strcmp(word, "both") == 0)
		fault->victim = FK_BOTH;
	else
		return fail(out, "no such victim", word);
	return 0;
}

static int parse_error(const char *word, struct fk_fault *fault, FILE *out)
{
	fault->value = word ? fk_errno(word) : -1;
	return fault->value > 0 ? 0 : fail(out, "no such errno", word);
}

static int parse_delay(const char *word, struct fk_fault *fault, FILE *out)
{
	fault->value = word ? atoi(word) : 0;
	return fault->value > 0 ? 0 : fail(out, "no such time", word);
}

static int parse_addr(const char *word, struct fk_fault *fault, FILE *out)
{
	if (!word || strlen(word) >= sizeof(fault->addr))
		return fail(out, "no such device", word);
	strcpy(fault->addr, word);
	return 0;
}

static int parse_nothing(const char *word, struct fk_fault *fault, FILE *out)
{
	(void)fault;
	return word ? fail(out, "a word too many", word) : 0;
}

static const struct {
	const char *word;
	enum fk_fault_kind kind;
	int (*parse)(const char *word, struct fk_fault *fault, FILE *out);
} fault_kinds[] = {
	{ "errno", FK_FAULT_ERRNO, parse_error },
	{ "ignore", FK_FAULT_IGNORE, parse_nothing },
	{ "block", FK_FAULT_BLOCK, parse_nothing },
	{ "hang", FK_FAULT_HANG, parse_nothing },
	{ "kill-before", FK_FAULT_KILL_BEFORE, parse_victim },
	{ "kill-after", FK_FAULT_KILL_AFTER, parse_victim },
	{ "vanish", FK_FAULT_VANISH, parse_addr },
	{ "delay", FK_FAULT_DELAY, parse_delay },
};

static int parse_kind(char **words, struct fk_fault *fault, FILE *out)
{
	for (size_t i = 0; i < sizeof(fault_kinds) / sizeof(fault_kinds[0]);
	     i++) {
		if (strcmp(words[0], fault_kinds[i].word) != 0)
			continue;
		fault->kind = fault_kinds[i].kind;
		return fault_kinds[i].parse(words[1], fault, out);
	}
	return fail(out, "no such fault", words[0]);
}

static int do_fault(struct fk_kernel *k, char **words, FILE *out)
{
	struct fk_fault fault = { .kind = FK_FAULT_NONE };
	char *end;

	fault.number = words[0] ? strtoul(words[0], &end, 10) : 0;
	if (!fault.number || !words[1])
		return fail(out, "no such write", words[0]);
	fault.onwards = *end == '+';
	if (parse_kind(words + 1, &fault, out) < 0)
		return -1;
	fk_fault_add(k, &fault);
	return 0;
}

static int do_refuse(struct fk_kernel *k, char **words, FILE *out)
{
	struct fk_driver *driver =
		words[0] ? fk_driver_find(k, words[0]) : NULL;
	int error = driver && words[1] ? fk_errno(words[1]) : -1;

	if (error < 0)
		return fail(out, "no such driver or errno", words[0]);
	driver->refuses = error;
	return 0;
}

static int do_load(struct fk_kernel *k, char **words, FILE *out)
{
	return done(out, words[0] ? fk_module_load(k, words[0]) : -EINVAL);
}

static int do_use(struct fk_kernel *k, char **words, FILE *out)
{
	struct fk_module *module =
		words[0] ? fk_module_find(k, words[0]) : NULL;

	if (!module || !words[1])
		return fail(out, "no such module", words[0]);
	module->used = (unsigned)atoi(words[1]);
	return 0;
}

static int do_connect(struct fk_kernel *k, char **words, FILE *out)
{
	return done(out, words[0] && words[1] && words[2] ?
				 fk_connect(k, words[0], words[1], words[2]) :
				 -EINVAL);
}

static int do_plug(struct fk_kernel *k, char **words, FILE *out)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;

	if (!device)
		return fail(out, "no such device", words[0]);
	fk_device_plug(k, device);
	return 0;
}

static int do_unplug(struct fk_kernel *k, char **words, FILE *out)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;

	if (!device)
		return fail(out, "no such device", words[0]);
	fk_device_unplug(k, device);
	return 0;
}

static int do_open(struct fk_kernel *k, char **words, FILE *out)
{
	return done(out, words[0] ? fk_group_open(k, atoi(words[0])) : -EINVAL);
}

static int do_close(struct fk_kernel *k, char **words, FILE *out)
{
	return done(out,
		    words[0] ? fk_group_close(k, atoi(words[0])) : -EINVAL);
}

static int do_unblock(struct fk_kernel *k, char **words, FILE *out)
{
	int error = words[0] ? fk_errno(words[0]) : 0;

	if (error < 0)
		return fail(out, "no such errno", words[0]);
	fk_calls_unblock(k, error);
	return 0;
}

static int do_leader(struct fk_kernel *k, char **words, FILE *out)
{
	pid_t pid = words[0] ? atoi(words[0]) : 0;

	if (pid <= 1)
		return fail(out, "no such process", words[0]);
	fk_leader_add(k, pid);
	return 0;
}

static int do_state(struct fk_kernel *k, char **words, FILE *out)
{
	(void)words;
	fk_state_print(k, out);
	return 0;
}

static int do_log(struct fk_kernel *k, char **words, FILE *out)
{
	(void)words;
	if (k->log_length)
		fwrite(k->log, 1, k->log_length, out);
	return 0;
}

static int do_writes(struct fk_kernel *k, char **words, FILE *out)
{
	(void)words;
	fprintf(out, "%lu\n", k->writes);
	return 0;
}

static int do_waiting(struct fk_kernel *k, char **words, FILE *out)
{
	(void)words;
	fk_calls_print(k, out);
	return 0;
}

static const struct {
	const char *word;
	int (*run)(struct fk_kernel *k, char **words, FILE *out);
} commands[] = {
	{ "reset", do_reset },	   { "recount", do_recount },
	{ "fault", do_fault },	   { "refuse", do_refuse },
	{ "load", do_load },	   { "plug", do_plug },
	{ "unplug", do_unplug },   { "open", do_open },
	{ "close", do_close },	   { "unblock", do_unblock },
	{ "leader", do_leader },   { "state", do_state },
	{ "log", do_log },	   { "writes", do_writes },
	{ "waiting", do_waiting }, { "use", do_use },
	{ "connect", do_connect },
};

static int run_words(struct fk_kernel *k, char **words, FILE *out)
{
	if (!words[0])
		return 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(words[0], commands[i].word) == 0)
			return commands[i].run(k, words + 1, out);
	return fail(out, "no such command", words[0]);
}

int fk_control(struct fk_kernel *k, const char *line, FILE *out)
{
	char *words[FK_WORDS + 1];
	char *copy = fk_strdup(line);
	int r = fk_split(copy, words);

	r = r < 0 ? fail(out, "too many words", line) :
		    run_words(k, words, out);
	free(copy);
	return r;
}

static void answer(const char *word, const char *text, size_t size)
{
	printf("%s %zu\n", word, size);
	fwrite(text, 1, size, stdout);
	fflush(stdout);
}

void fk_control_ready(void)
{
	answer("ok", "", 0);
}

static void answer_line(struct fk_kernel *k, const char *line)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		abort();
	r = fk_control(k, line, out);
	fclose(out);
	answer(r < 0 ? "error" : "ok", text, size);
	free(text);
}

bool fk_control_read(struct fk_kernel *k, int fd)
{
	static char buffer[4096];
	static size_t length;
	ssize_t n = read(fd, buffer + length, sizeof(buffer) - 1 - length);
	char *newline;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	length += (size_t)n;
	buffer[length] = '\0';
	while ((newline = strchr(buffer, '\n'))) {
		*newline = '\0';
		answer_line(k, buffer);
		length -= (size_t)(newline + 1 - buffer);
		memmove(buffer, newline + 1, length + 1);
	}
	return length < sizeof(buffer) - 1;
}

static int store_control(struct fk_kernel *k, void *owner, const char *text)
{
	char *copy = fk_strdup(text), *line, *rest = copy;
	FILE *nowhere = fopen("/dev/null", "we");
	int r = 0;

	(void)owner;
	while (nowhere && r == 0 && (line = strsep(&rest, "\n")))
		r = fk_control(k, line, nowhere);
	if (nowhere)
		fclose(nowhere);
	free(copy);
	return r < 0 ? -EINVAL : 0;
}

static void show_state(struct fk_kernel *k, void *owner, FILE *out)
{
	(void)owner;
	fk_state_print(k, out);
}

static void show_log(struct fk_kernel *k, void *owner, FILE *out)
{
	(void)owner;
	do_log(k, NULL, out);
}

void fk_control_files(struct fk_kernel *k)
{
	static const struct fk_attr files[] = {
		{ "state", 0444, show_state, NULL, false },
		{ "log", 0444, show_log, NULL, false },
		{ "control", 0200, NULL, store_control, false },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fk_file(k->root, &files[i], NULL)->fixed = true;
}
