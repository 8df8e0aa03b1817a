// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who answers for systemd and logind on a system bus of its own:
 *
 *	systemd SOCKET
 *
 * Lines on stdin, of words with blanks between them, say what there is; the
 * answer to each is "ok SIZE" and as many bytes. End of file ends it.
 *
 * unit NAME STATE [WORD]...  a unit in that ActiveState. The words:
 *	stop=RESULT[/STATE]  what becomes of such a job, and of the unit; else
 *	start=RESULT[/STATE]   "done", and "inactive" or "active"
 *	delay=MS        jobs take so long
 *	held            jobs end when they are told to
 *	lost            nobody is told that a job has ended
 *	forged          somebody else says at once that it has
 *	load=STATE      LoadState, else "loaded"
 *	transient       there is none when it isn't active
 *	job             it has another job, which never ends
 *	kill=PID        is killed when it stops, with -PID all of its process
 *group; may be there several times stop-usec=N, start-usec=N  its time limits;
 *else 90 s alias NAME UNIT session ID UID LEADER CLASS user UID linger|no
 * refuse-pids                processes aren't moved into scopes
 * mute METHOD                has no answer
 * vanish METHOD              the connection is closed
 * refuse METHOD NAME         this error comes
 * finish UNIT [RESULT]       the job that is held ends
 * state UNIT                 prints what it is
 * log                        prints what was asked for, a line each: "StopUnit
 *                            gdm.service replace", "Get Id gdm.service"
 *
 * A scope that is made has its processes in a cgroup by a file that is mounted
 * there.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define LOGIND "org.freedesktop.login1"
#define UNITS "/org/freedesktop/systemd1/unit"
#define SESSIONS "/org/freedesktop/login1/session"
#define USERS "/org/freedesktop/login1/user"
#define JOB "/org/freedesktop/systemd1/job/%u"
#define OWN_NAME ":1.0"
#define SOMEBODY ":1.66"
#define MOST 64

struct unit {
	char name[256], state[64], load[64];
	char stop[64], start[64];
	bool held, lost, forged, transient;
	unsigned delay;
	uint64_t stop_usec, start_usec;
	pid_t kill[MOST];
	size_t n_kill;
	unsigned job; /* 0: none */
	bool starting;
};

struct alias {
	char name[256], unit[256];
};

struct session {
	char id[64], class[64];
	unsigned uid, leader;
};

struct user {
	unsigned uid;
	bool linger;
};

struct rule {
	char method[64], what[64], error[256];
};

static struct unit units[MOST];
static struct alias aliases[MOST];
static struct session sessions[MOST];
static struct user users[MOST];
static struct rule rules[MOST];
static sd_bus *clients[4096];
static size_t n_units, n_aliases, n_sessions, n_users, n_rules, n_clients;
static unsigned last_job;
static bool refuse_pids;
static sd_event *event;
static FILE *journal;
static char *said;
static size_t n_said;

/* Any failure of our own ends the test. */
static int good(int r, const char *what)
{
	if (r >= 0)
		return r;
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	exit(1);
}

static struct unit *find_unit(const char *name)
{
	for (size_t i = 0; i < n_aliases; i++)
		if (strcmp(aliases[i].name, name) == 0)
			name = aliases[i].unit;
	for (size_t i = 0; i < n_units; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

/* As systemd has an object for whatever it is asked to load. */
static struct unit *make_unit(const char *name)
{
	struct unit *unit = find_unit(name);

	if (unit)
		return unit;
	if (n_units == MOST)
		exit(1);
	unit = &units[n_units++];
	*unit = (struct unit){ .stop_usec = 90000000, .start_usec = 90000000 };
	snprintf(unit->name, sizeof(unit->name), "%s", name);
	strcpy(unit->state, "inactive");
	strcpy(unit->load, "not-found");
	return unit;
}

static void tell_removed(const struct unit *unit, const char *sender,
			 unsigned job, const char *result)
{
	char path[64];

	snprintf(path, sizeof(path), JOB, job);
	for (size_t i = 0; i < n_clients; i++) {
		sd_bus_message *m;

		if (sd_bus_message_new_signal(
			    clients[i], &m, "/org/freedesktop/systemd1",
			    SYSTEMD ".Manager", "JobRemoved") < 0)
			continue; /* it has gone */
		good(sd_bus_message_set_sender(m, sender), "sender");
		good(sd_bus_message_append(m, "uoss", job, path, unit->name,
					   result),
		     "signal");
		sd_bus_send(clients[i], m, NULL);
		sd_bus_message_unref(m);
	}
}

static void finish(struct unit *unit, const char *result)
{
	char word[64];
	const char *state = unit->starting ? "active" : "inactive";
	unsigned job = unit->job;
	char *slash;

	snprintf(word, sizeof(word), "%s",
		 result		? result :
		 unit->starting ? unit->start :
				  unit->stop);
	if (!*word)
		strcpy(word, "done");
	slash = strchr(word, '/');
	if (slash) {
		*slash = '\0';
		state = slash + 1;
	}
	snprintf(unit->state, sizeof(unit->state), "%s", state);
	for (size_t i = 0; !unit->starting && i < unit->n_kill; i++)
		kill(unit->kill[i], SIGKILL);
	unit->job = 0;
	if (unit->transient && strcmp(state, "inactive") == 0)
		strcpy(unit->load, "not-found");
	if (!unit->lost)
		tell_removed(unit, OWN_NAME, job, word);
}

static int on_time(sd_event_source *source, uint64_t usec, void *data)
{
	struct unit *unit = data;

	(void)source, (void)usec;
	if (unit->job)
		finish(unit, NULL);
	return 0;
}

static void begin(struct unit *unit, bool start)
{
	uint64_t now;

	unit->job = ++last_job;
	unit->starting = start;
	strcpy(unit->state, start ? "activating" : "deactivating");
	if (unit->forged)
		tell_removed(unit, SOMEBODY, unit->job, "done");
	if (unit->held)
		return;
	good(sd_event_now(event, CLOCK_MONOTONIC, &now), "now");
	good(sd_event_add_time(event, NULL, CLOCK_MONOTONIC,
			       now + (uint64_t)unit->delay * 1000, 1, on_time,
			       unit),
	     "timer");
}

/* Answers */

static int refuse(sd_bus_message *m, const char *name)
{
	sd_bus_error error =
		SD_BUS_ERROR_MAKE_CONST(name, "It can't be\nhad \033[31mhere");

	return good(sd_bus_reply_method_error(m, &error), "error");
}

static int answer(sd_bus_message *reply, const char *sender)
{
	good(sd_bus_message_set_sender(reply, sender), "sender");
	sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return 1;
}

static sd_bus_message *reply_to(sd_bus_message *m)
{
	sd_bus_message *reply;

	good(sd_bus_message_new_method_return(m, &reply), "reply");
	return reply;
}

static int answer_path(sd_bus_message *m, const char *prefix, const char *name)
{
	sd_bus_message *reply = reply_to(m);
	char *path;

	good(sd_bus_path_encode(prefix, name, &path), "path");
	good(sd_bus_message_append(reply, "o", path), "reply");
	free(path);
	return answer(reply, OWN_NAME);
}

static int answer_job(sd_bus_message *m, struct unit *unit, bool start)
{
	sd_bus_message *reply = reply_to(m);
	char path[64];

	begin(unit, start);
	snprintf(path, sizeof(path), JOB, unit->job);
	good(sd_bus_message_append(reply, "o", path), "reply");
	return answer(reply, OWN_NAME);
}

static int answer_variant(sd_bus_message *m, const char *type,
			  const void *value)
{
	sd_bus_message *reply = reply_to(m);

	good(sd_bus_message_open_container(reply, 'v', type), "reply");
	good(sd_bus_message_append_basic(reply, *type, value), "reply");
	good(sd_bus_message_close_container(reply), "reply");
	return answer(reply, OWN_NAME);
}

static int get_of_unit(sd_bus_message *m, const struct unit *unit,
		       const char *property)
{
	sd_bus_message *reply;
	char path[64] = "/";

	if (strcmp(property, "Id") == 0)
		return answer_variant(m, "s", unit->name);
	if (strcmp(property, "LoadState") == 0)
		return answer_variant(m, "s", unit->load);
	if (strcmp(property, "ActiveState") == 0)
		return answer_variant(m, "s", unit->state);
	if (strcmp(property, "TimeoutStopUSec") == 0)
		return answer_variant(m, "t", &unit->stop_usec);
	if (strcmp(property, "TimeoutStartUSec") == 0)
		return answer_variant(m, "t", &unit->start_usec);
	if (strcmp(property, "Job") != 0)
		return refuse(m, SD_BUS_ERROR_UNKNOWN_PROPERTY);
	reply = reply_to(m);
	if (unit->job)
		snprintf(path, sizeof(path), JOB, unit->job);
	good(sd_bus_message_append(reply, "v", "(uo)", unit->job, path),
	     "reply");
	return answer(reply, OWN_NAME);
}

static int get_of_session(sd_bus_message *m, const struct session *session,
			  const char *property)
{
	if (strcmp(property, "Leader") == 0)
		return answer_variant(m, "u", &session->leader);
	if (strcmp(property, "Class") == 0)
		return answer_variant(m, "s", session->class);
	return refuse(m, SD_BUS_ERROR_UNKNOWN_PROPERTY);
}

static int get_of_user(sd_bus_message *m, const struct user *user,
		       const char *property)
{
	sd_bus_message *reply;
	int linger = user->linger;

	if (strcmp(property, "Linger") == 0)
		return answer_variant(m, "b", &linger);
	if (strcmp(property, "Sessions") != 0)
		return refuse(m, SD_BUS_ERROR_UNKNOWN_PROPERTY);
	reply = reply_to(m);
	good(sd_bus_message_open_container(reply, 'v', "a(so)"), "reply");
	good(sd_bus_message_open_container(reply, 'a', "(so)"), "reply");
	for (size_t i = 0; i < n_sessions; i++) {
		char *path;

		if (sessions[i].uid != user->uid)
			continue;
		good(sd_bus_path_encode(SESSIONS, sessions[i].id, &path),
		     "path");
		good(sd_bus_message_append(reply, "(so)", sessions[i].id, path),
		     "reply");
		free(path);
	}
	good(sd_bus_message_close_container(reply), "reply");
	good(sd_bus_message_close_container(reply), "reply");
	return answer(reply, OWN_NAME);
}

static struct session *find_session(const char *id)
{
	for (size_t i = 0; i < n_sessions; i++)
		if (strcmp(sessions[i].id, id) == 0)
			return &sessions[i];
	return NULL;
}

static struct user *find_user(const char *uid)
{
	for (size_t i = 0; i < n_users; i++)
		if (users[i].uid == strtoul(uid, NULL, 10))
			return &users[i];
	return NULL;
}

static int get(sd_bus_message *m)
{
	const char *interface, *property, *path = sd_bus_message_get_path(m);
	char *name = NULL;
	int r = 0;

	good(sd_bus_message_read(m, "ss", &interface, &property), "Get");
	if (sd_bus_path_decode(path, UNITS, &name) > 0) {
		fprintf(journal, "Get %s %s\n", property, name);
		r = get_of_unit(m, make_unit(name), property);
	} else if (sd_bus_path_decode(path, SESSIONS, &name) > 0) {
		struct session *session = find_session(name);

		fprintf(journal, "Get %s %s\n", property, name);
		r = session ? get_of_session(m, session, property) :
			      refuse(m, SD_BUS_ERROR_UNKNOWN_OBJECT);
	} else if (sd_bus_path_decode(path, USERS, &name) > 0) {
		struct user *user = find_user(name);

		fprintf(journal, "Get %s %s\n", property, name);
		r = user ? get_of_user(m, user, property) :
			   refuse(m, SD_BUS_ERROR_UNKNOWN_OBJECT);
	}
	free(name);
	return r;
}

static int call_with_name(sd_bus_message *m, const char *method)
{
	const char *name, *mode = "";
	struct unit *unit;

	good(sd_bus_message_read(m, "s", &name), method);
	if (strcmp(method, "StopUnit") == 0 || strcmp(method, "StartUnit") == 0)
		good(sd_bus_message_read(m, "s", &mode), method);
	fprintf(journal, "%s %s%s%s\n", method, name, *mode ? " " : "", mode);
	if (strcmp(method, "GetSession") == 0)
		return find_session(name) ? answer_path(m, SESSIONS, name) :
					    refuse(m, LOGIND ".NoSuchSession");
	if (strcmp(method, "LoadUnit") == 0)
		return answer_path(m, UNITS, name);
	unit = find_unit(name);
	if (!unit || strcmp(unit->load, "not-found") == 0)
		return refuse(m, SYSTEMD ".NoSuchUnit");
	return answer_job(m, unit, strcmp(method, "StartUnit") == 0);
}

static void move_into(const char *unit, uint32_t pid)
{
	char file[64], place[64];
	FILE *f;

	snprintf(file, sizeof(file), "/run/cgroup-%u", pid);
	snprintf(place, sizeof(place), "/proc/%u/cgroup", pid);
	f = fopen(file, "we");
	if (!f)
		good(-errno, file);
	fprintf(f, "0::/system.slice/%s\n", unit);
	fclose(f);
	umount(place);
	if (mount(file, place, NULL, MS_BIND, NULL) < 0)
		good(-errno, place);
}

/* Of the properties of a scope, its processes. */
static void take_pids(sd_bus_message *m, const char *unit)
{
	uint32_t pid;

	good(sd_bus_message_enter_container(m, 'v', "au"), "PIDs");
	good(sd_bus_message_enter_container(m, 'a', "u"), "PIDs");
	while (sd_bus_message_read(m, "u", &pid) > 0) {
		fprintf(journal, " %u", pid);
		if (!refuse_pids)
			move_into(unit, pid);
	}
	good(sd_bus_message_exit_container(m), "PIDs");
	good(sd_bus_message_exit_container(m), "PIDs");
}

static int call_make(sd_bus_message *m)
{
	const char *name, *mode, *property;
	struct unit *unit;

	good(sd_bus_message_read(m, "ss", &name, &mode), "make");
	fprintf(journal, "StartTransientUnit %s %s", name, mode);
	good(sd_bus_message_enter_container(m, 'a', "(sv)"), "make");
	while (sd_bus_message_enter_container(m, 'r', "sv") > 0) {
		good(sd_bus_message_read(m, "s", &property), "make");
		if (strcmp(property, "PIDs") == 0)
			take_pids(m, name);
		else
			good(sd_bus_message_skip(m, "v"), "make");
		good(sd_bus_message_exit_container(m), "make");
	}
	fputc('\n', journal);
	unit = make_unit(name);
	if (strcmp(unit->load, "not-found") != 0)
		return refuse(m, SYSTEMD ".UnitExists");
	strcpy(unit->load, "loaded");
	unit->transient = true;
	return answer_job(m, unit, true);
}

static int call_get_user(sd_bus_message *m)
{
	uint32_t uid;
	char text[16];

	good(sd_bus_message_read(m, "u", &uid), "GetUser");
	snprintf(text, sizeof(text), "%u", uid);
	fprintf(journal, "GetUser %s\n", text);
	return find_user(text) ? answer_path(m, USERS, text) :
				 refuse(m, LOGIND ".NoSuchUser");
}

static int call_of_bus(sd_bus_message *m, const char *method)
{
	sd_bus_message *reply = reply_to(m);

	if (strcmp(method, "Hello") == 0)
		good(sd_bus_message_append(reply, "s", ":1.1"), "Hello");
	return answer(reply, "org.freedesktop.DBus");
}

static const struct rule *rule_for(const char *method)
{
	for (size_t i = 0; i < n_rules; i++)
		if (strcmp(rules[i].method, method) == 0)
			return &rules[i];
	return NULL;
}

static int on_message(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *method = sd_bus_message_get_member(m);
	const char *to = sd_bus_message_get_destination(m);
	const struct rule *rule;

	(void)data, (void)error;
	if (!to || !sd_bus_message_is_method_call(m, NULL, NULL))
		return 1;
	rule = rule_for(method);
	if (rule && strcmp(rule->what, "mute") == 0)
		return 1;
	if (rule && strcmp(rule->what, "vanish") == 0) {
		sd_bus_close(sd_bus_message_get_bus(m));
		return 1;
	}
	if (rule)
		return refuse(m, rule->error);
	if (strcmp(to, "org.freedesktop.DBus") == 0)
		return call_of_bus(m, method);
	if (strcmp(method, "Get") == 0)
		return get(m);
	if (strcmp(method, "GetUser") == 0)
		return call_get_user(m);
	if (strcmp(method, "StartTransientUnit") == 0)
		return call_make(m);
	if (strcmp(method, "Subscribe") == 0) {
		fputs("Subscribe\n", journal);
		return answer(reply_to(m), OWN_NAME);
	}
	return call_with_name(m, method);
}

static int on_client(sd_event_source *source, int fd, uint32_t events,
		     void *data)
{
	static const sd_id128_t id = { .bytes = { 1 } };
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	sd_bus *bus;

	(void)source, (void)events, (void)data;
	if (client < 0 || n_clients == sizeof(clients) / sizeof(clients[0]))
		return -errno;
	good(sd_bus_new(&bus), "bus");
	good(sd_bus_set_fd(bus, client, client), "bus");
	good(sd_bus_set_server(bus, true, id), "bus");
	good(sd_bus_set_anonymous(bus, true), "bus");
	good(sd_bus_add_filter(bus, NULL, on_message, NULL), "bus");
	good(sd_bus_start(bus), "bus");
	good(sd_bus_attach_event(bus, event, 0), "bus");
	clients[n_clients++] = bus;
	return 0;
}

/* What we are told */

static void add_word(struct unit *unit, const char *word)
{
	const char *value = strchr(word, '=');
	size_t n = value ? (size_t)(value - word) : strlen(word);

#define IS(text) (n == strlen(text) && strncmp(word, text, n) == 0)
	value = value ? value + 1 : "";
	if (IS("stop"))
		snprintf(unit->stop, sizeof(unit->stop), "%s", value);
	else if (IS("start"))
		snprintf(unit->start, sizeof(unit->start), "%s", value);
	else if (IS("load"))
		snprintf(unit->load, sizeof(unit->load), "%s", value);
	else if (IS("delay"))
		unit->delay = (unsigned)strtoul(value, NULL, 10);
	else if (IS("stop-usec"))
		unit->stop_usec = strtoull(value, NULL, 10);
	else if (IS("start-usec"))
		unit->start_usec = strtoull(value, NULL, 10);
	else if (IS("held"))
		unit->held = true;
	else if (IS("lost"))
		unit->lost = true;
	else if (IS("forged"))
		unit->forged = true;
	else if (IS("transient"))
		unit->transient = true;
	else if (IS("job"))
		unit->job = ++last_job;
	else if (IS("kill") && unit->n_kill < MOST)
		unit->kill[unit->n_kill++] = (pid_t)strtol(value, NULL, 10);
	else
		good(-EINVAL, word);
#undef IS
}

static void take_unit(char **words, size_t n)
{
	struct unit *unit = make_unit(words[1]);

	*unit = (struct unit){ .stop_usec = 90000000, .start_usec = 90000000 };
	snprintf(unit->name, sizeof(unit->name), "%s", words[1]);
	snprintf(unit->state, sizeof(unit->state), "%s", words[2]);
	strcpy(unit->load, "loaded");
	for (size_t i = 3; i < n; i++)
		add_word(unit, words[i]);
}

static void take_rule(char **words, size_t n)
{
	struct rule *rule = &rules[n_rules++];

	snprintf(rule->what, sizeof(rule->what), "%s", words[0]);
	snprintf(rule->method, sizeof(rule->method), "%s", words[1]);
	snprintf(rule->error, sizeof(rule->error), "%s", n > 2 ? words[2] : "");
}

static void take_alias(char **words)
{
	struct alias *alias = &aliases[n_aliases++];

	snprintf(alias->name, sizeof(alias->name), "%s", words[1]);
	snprintf(alias->unit, sizeof(alias->unit), "%s", words[2]);
}

static void take_session(char **words)
{
	struct session *session = find_session(words[1]);

	if (!session)
		session = &sessions[n_sessions++];
	snprintf(session->id, sizeof(session->id), "%s", words[1]);
	session->uid = (unsigned)strtoul(words[2], NULL, 10);
	session->leader = (unsigned)strtoul(words[3], NULL, 10);
	snprintf(session->class, sizeof(session->class), "%s", words[4]);
}

static void take_user(char **words)
{
	struct user *user = find_user(words[1]);

	if (!user)
		user = &users[n_users++];
	user->uid = (unsigned)strtoul(words[1], NULL, 10);
	user->linger = strcmp(words[2], "linger") == 0;
}

static void take(char **words, size_t n, FILE *out)
{
	const char *word = words[0];
	struct unit *unit = n > 1 ? find_unit(words[1]) : NULL;

	if (n_units == MOST || n_aliases == MOST || n_sessions == MOST ||
	    n_users == MOST || n_rules == MOST)
		good(-E2BIG, word);
	if (strcmp(word, "unit") == 0 && n >= 3)
		take_unit(words, n);
	else if (strcmp(word, "alias") == 0 && n == 3)
		take_alias(words);
	else if (strcmp(word, "session") == 0 && n == 5)
		take_session(words);
	else if (strcmp(word, "user") == 0 && n == 3)
		take_user(words);
	else if ((strcmp(word, "mute") == 0 || strcmp(word, "vanish") == 0 ||
		  strcmp(word, "refuse") == 0) &&
		 n >= 2)
		take_rule(words, n);
	else if (strcmp(word, "finish") == 0 && unit && unit->job)
		finish(unit, n > 2 ? words[2] : NULL);
	else if (strcmp(word, "refuse-pids") == 0 && n == 1)
		refuse_pids = true;
	else if (strcmp(word, "state") == 0 && unit)
		fputs(unit->state, out);
	else if (strcmp(word, "log") == 0) {
		fflush(journal);
		fwrite(said, 1, n_said, out);
	} else
		good(-EINVAL, word);
}

static void take_line(char *line)
{
	char *words[MOST], *rest = line, *word, *text = NULL;
	size_t n = 0, size = 0;
	FILE *out;

	while (n < MOST && (word = strsep(&rest, " \n")))
		if (*word)
			words[n++] = word;
	out = open_memstream(&text, &size);
	if (!out)
		exit(1);
	if (n)
		take(words, n, out);
	fclose(out);
	printf("ok %zu\n", size);
	fwrite(text, 1, size, stdout);
	fflush(stdout);
	free(text);
}

static int on_stdin(sd_event_source *source, int fd, uint32_t events,
		    void *data)
{
	static char text[65536];
	static size_t length;
	ssize_t n = read(fd, text + length, sizeof(text) - 1 - length);
	char *end;

	(void)source, (void)events, (void)data;
	if (n <= 0)
		return sd_event_exit(event, 0);
	length += (size_t)n;
	text[length] = '\0';
	while ((end = strchr(text, '\n'))) {
		*end = '\0';
		take_line(text);
		length -= (size_t)(end + 1 - text);
		memmove(text, end + 1, length + 1);
	}
	return 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 64) < 0)
		good(-errno, path);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	journal = open_memstream(&said, &n_said);
	if (!journal)
		return 1;
	good(sd_event_new(&event), "event");
	good(sd_event_add_io(event, NULL, listen_at(argv[1]), 1 /* EPOLLIN */,
			     on_client, NULL),
	     "listen");
	good(sd_event_add_io(event, NULL, STDIN_FILENO, 1, on_stdin, NULL),
	     "stdin");
	take_line((char[]){ "" });
	return good(sd_event_loop(event), "loop");
}
