// SPDX-License-Identifier: GPL-2.0-or-later
/* The claim as a record and as text. */
#include "lib/state/claim.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/crc32.h"
#include "lib/base/finding.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/base/word.h"

#define HEADER "virt-hostdev-claim "
#define VERSION "2"
#define VERSION_LATE "3"
#define VERSION_SCREEN "4"
#define END "end"
#define SUM "%08" PRIx32
#define SUM_SIZE (sizeof(" 01234567") - 1)

const char *hd_phase_name(enum hd_phase phase)
{
	static const char *const names[] = { "starting", "running",
					     "returning" };

	return names[phase];
}

/* What couldn't be read can't be put back. */
static size_t count_attributes(const struct hd_claim_device *device)
{
	size_t n = 0;

	for (size_t i = 0; i < device->attributes.n; i++)
		n += device->attributes.items[i].value != NULL;
	return n;
}

static void write_attributes(FILE *file, const struct hd_claim_device *device)
{
	for (size_t i = 0; i < device->attributes.n; i++) {
		const struct hd_saved *each = &device->attributes.items[i];

		if (!each->value)
			continue;
		fprintf(file, "attribute %s", hd_addr_text(device->addr).s);
		hd_word_write(file, each->path);
		hd_word_write(file, each->value);
		fputc('\n', file);
	}
}

static void write_screen(FILE *file, const struct hd_claim_device *device)
{
	for (size_t i = 0; i < device->screen.n; i++) {
		const struct hd_screen_item *each = &device->screen.items[i];

		fprintf(file, "screen %s %s", hd_addr_text(device->addr).s,
			hd_screen_kind_name(each->kind));
		hd_word_write(file, each->name);
		hd_word_write(file, each->value);
		fputc('\n', file);
	}
}

/* How many records tell what it holds. */
static size_t count_held(const struct hd_claim *claim)
{
	size_t n = claim->n_devices;

	for (size_t i = 0; i < claim->n_devices; i++)
		n += count_attributes(&claim->devices[i]) +
		     claim->devices[i].screen.n;
	return n;
}

/* The records, without their sums. */
static void write_records(FILE *file, const struct hd_claim *claim)
{
	fprintf(file, "domain %s", claim->uuid);
	hd_word_write(file, claim->domain);
	if (hd_claim_is_moving(claim))
		fprintf(file, "\nguest %s", claim->guest);
	fprintf(file, "\nstate %s %" PRId64 " %d %" PRIu64,
		hd_phase_name(claim->phase), claim->since, claim->daemon.pid,
		claim->daemon.start);
	hd_word_write(file, claim->error);
	fputc('\n', file);
	if (claim->begun)
		fprintf(file, "begun %" PRId64 "\n", claim->begun);
	for (size_t i = 0; i < claim->n_workers; i++) {
		const struct hd_claim_worker *worker = &claim->workers[i];

		fprintf(file, "worker %s %d %" PRIu64 "\n",
			worker->host ? "-" : hd_addr_text(worker->addr).s,
			worker->process.pid, worker->process.start);
	}
	fprintf(file, "holds %zu\n", count_held(claim));
	for (size_t i = 0; i < claim->n_devices; i++) {
		const struct hd_claim_device *device = &claim->devices[i];

		fprintf(file, "device %s ", hd_addr_text(device->addr).s);
		if (device->late)
			fputc('-', file);
		else
			fprintf(file, "%d", device->group);
		fprintf(file, " %04x:%04x %s", device->vendor, device->device,
			device->restore ? "restore" : "keep");
		hd_word_write(file, device->driver);
		hd_word_write(file, device->override);
		fputc('\n', file);
		write_attributes(file, device);
		write_screen(file, device);
	}
}

/* The same lines, each with its sum. */
static void write_sums(FILE *file, char *records)
{
	char *line;

	while ((line = strsep(&records, "\n")) && records)
		fprintf(file, "%s " SUM "\n", line,
			hd_crc32(0, line, strlen(line)));
}

static char *format_records(const struct hd_claim *claim)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	write_records(file, claim);
	return hd_stream_text(file, &text);
}

/* The lowest version that has all that it says. */
static const char *version_of(const struct hd_claim *claim)
{
	const char *version = VERSION;

	for (size_t i = 0; i < claim->n_devices; i++) {
		if (claim->devices[i].screen.n)
			return VERSION_SCREEN;
		if (claim->devices[i].late)
			version = VERSION_LATE;
	}
	for (size_t i = 0; i < claim->n_workers; i++)
		if (claim->workers[i].host)
			return VERSION_SCREEN;
	return version;
}

static char *format_most(const struct hd_claim *claim, char *records)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	fprintf(file, HEADER "%s\n", version_of(claim));
	write_sums(file, records);
	fputs(END, file);
	return hd_stream_text(file, &text);
}

char *hd_claim_format(const struct hd_claim *claim)
{
	HD_AUTOFREE char *records = format_records(claim);
	HD_AUTOFREE char *most = records ? format_most(claim, records) : NULL;

	return most ? hd_text("%s " SUM "\n", most,
			      hd_crc32(0, most, strlen(most))) :
		      NULL;
}

/* "8086:10d3" and nothing else. */
static bool read_id(const char *word, struct hd_claim_device *device)
{
	char again[sizeof("ffff:ffff")];

	if (sscanf(word, "%4hx:%4hx", &device->vendor, &device->device) != 2)
		return false;
	snprintf(again, sizeof(again), "%04x:%04x", device->vendor,
		 device->device);
	return strcmp(word, again) == 0;
}

/* The words that end a line. */
static int read_words(char *line, char **first, char **second)
{
	HD_AUTOFREE char *one = NULL;
	HD_AUTOFREE char *two = NULL;
	int r = hd_word_read(hd_word_take(&line), &one);

	if (r == 0 && second)
		r = hd_word_read(hd_word_take(&line), &two);
	if (r < 0 || line)
		return r < 0 ? r : -EBADMSG;
	*first = hd_steal(&one);
	if (second)
		*second = hd_steal(&two);
	return 0;
}

static void clear_device(struct hd_claim_device *device)
{
	free(device->driver);
	free(device->override);
	hd_attributes_clear(&device->attributes);
	hd_screen_clear(&device->screen);
}

/* A number, or "-". */
static bool read_group(const char *word, struct hd_claim_device *ret)
{
	int64_t number = HD_NO_GROUP;

	ret->late = word && strcmp(word, "-") == 0;
	if (!ret->late && !hd_word_number(word, INT_MAX, &number))
		return false;
	ret->group = (int)number;
	return true;
}

static int read_device(char *line, struct hd_claim_device *ret)
{
	char *addr = hd_word_take(&line), *group = hd_word_take(&line);
	char *id = hd_word_take(&line);
	char *duty = hd_word_take(&line);

	if (!addr || !id || !duty ||
	    hd_addr_parse(addr, &ret->addr, NULL) < 0 || !read_id(id, ret) ||
	    !read_group(group, ret))
		return -EBADMSG;
	ret->restore = strcmp(duty, "restore") == 0;
	if (!ret->restore && strcmp(duty, "keep") != 0)
		return -EBADMSG;
	return read_words(line, &ret->driver, &ret->override);
}

static int parse_device(char *line, struct hd_claim *claim)
{
	struct hd_claim_device device = { .driver = NULL }, *slot = NULL;
	int r = read_device(line, &device);

	if (r == 0) {
		slot = hd_array_add(&claim->devices, &claim->n_devices,
				    sizeof(*slot));
		r = slot ? 0 : -ENOMEM;
	}
	if (slot)
		*slot = device;
	else
		clear_device(&device);
	return r;
}

/* The device of the address that begins a line, which stands before it. */
static struct hd_claim_device *take_device(char **line, struct hd_claim *claim)
{
	char *word = hd_word_take(line);
	struct hd_addr addr;
	size_t i = claim->n_devices;

	if (!word || hd_addr_parse(word, &addr, NULL) < 0)
		return NULL;
	while (i && !hd_addr_equal(claim->devices[i - 1].addr, addr))
		i--;
	return i ? &claim->devices[i - 1] : NULL;
}

static int parse_attribute(char *line, struct hd_claim *claim)
{
	struct hd_claim_device *device = take_device(&line, claim);
	HD_AUTOFREE char *path = NULL;
	HD_AUTOFREE char *value = NULL;
	int r = device ? read_words(line, &path, &value) : -EBADMSG;

	if (r < 0 || !path)
		return r < 0 ? r : -EBADMSG;
	return hd_attributes_add(&device->attributes, path, value ? value : "",
				 0);
}

static int parse_screen(char *line, struct hd_claim *claim)
{
	struct hd_claim_device *device = take_device(&line, claim);
	char *word = device ? hd_word_take(&line) : NULL;
	HD_AUTOFREE char *name = NULL;
	HD_AUTOFREE char *value = NULL;
	enum hd_screen_kind kind;
	int r;

	if (!word || !hd_screen_kind_parse(word, &kind) ||
	    !hd_screen_kind_comes_back(kind))
		return -EBADMSG;
	r = read_words(line, &name, &value);
	if (r < 0 || !name)
		return r < 0 ? r : -EBADMSG;
	r = hd_screen_add(&device->screen, kind, name, value);
	return r == -E2BIG ? -EBADMSG : r;
}

static int parse_domain(char *line, struct hd_claim *claim)
{
	char *uuid = hd_word_take(&line);
	int r;

	if (claim->owned || !uuid || !hd_uuid_is_canonical(uuid))
		return -EBADMSG;
	r = read_words(line, &claim->domain, NULL);
	if (r < 0)
		return r;
	memcpy(claim->uuid, uuid, HD_UUID_SIZE);
	claim->owned = true;
	return 0;
}

static int parse_guest(char *line, struct hd_claim *claim)
{
	char *uuid = hd_word_take(&line);

	if (claim->guest[0] || !uuid || !hd_uuid_is_canonical(uuid) || line)
		return -EBADMSG;
	memcpy(claim->guest, uuid, HD_UUID_SIZE);
	return 0;
}

static bool read_process(char **line, struct hd_process *ret)
{
	char *pid = hd_word_take(line), *start = hd_word_take(line);
	int64_t number, ticks;

	if (!hd_word_number(pid, INT_MAX, &number) ||
	    !hd_word_number(start, INT64_MAX, &ticks))
		return false;
	*ret = (struct hd_process){ (pid_t)number, (uint64_t)ticks };
	return true;
}

static int parse_worker(char *line, struct hd_claim *claim)
{
	struct hd_claim_worker worker = { .host = false }, *slot;
	char *addr = hd_word_take(&line);

	worker.host = addr && strcmp(addr, "-") == 0;
	if (!addr ||
	    (!worker.host && hd_addr_parse(addr, &worker.addr, NULL) < 0) ||
	    !read_process(&line, &worker.process) || line)
		return -EBADMSG;
	slot = hd_array_add(&claim->workers, &claim->n_workers, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = worker;
	return 0;
}

static bool read_phase(const char *word, enum hd_phase *ret)
{
	for (*ret = HD_STARTING; word && *ret <= HD_RETURNING; (*ret)++)
		if (strcmp(word, hd_phase_name(*ret)) == 0)
			return true;
	return false;
}

static int parse_state(char *line, struct hd_claim *claim)
{
	char *word = hd_word_take(&line), *since = hd_word_take(&line);
	struct hd_process daemon;
	enum hd_phase phase;
	int64_t seconds;
	int r;

	if (claim->since || !read_phase(word, &phase) ||
	    !hd_word_number(since, INT64_MAX, &seconds) || !seconds ||
	    !read_process(&line, &daemon))
		return -EBADMSG;
	r = read_words(line, &claim->error, NULL);
	if (r < 0)
		return r;
	claim->phase = phase;
	claim->since = seconds;
	claim->daemon = daemon;
	return 0;
}

static int parse_begun(char *line, struct hd_claim *claim)
{
	char *word = hd_word_take(&line);

	return !claim->begun &&
			       hd_word_number(word, INT64_MAX, &claim->begun) &&
			       !line ?
		       0 :
		       -EBADMSG;
}

/* The records between the header and the end. */
static const struct {
	const char *name;
	int (*parse)(char *line, struct hd_claim *claim);
	bool held; /* "holds" counts it */
} records[] = {
	{ "domain", parse_domain, false },
	{ "guest", parse_guest, false },
	{ "state", parse_state, false },
	{ "begun", parse_begun, false },
	{ "worker", parse_worker, false },
	{ "device", parse_device, true },
	{ "attribute", parse_attribute, true },
	{ "screen", parse_screen, true },
};

#define N_RECORDS (sizeof(records) / sizeof(records[0]))

/* A text, as far as it has been read. */
struct reading {
	const char *text; /* as it is */
	char *copy; /* cut into lines and words */
	bool sums; /* each line has one */
	struct hd_claim *claim;
	bool counted; /* it says how much it holds */
	int64_t holds, held; /* what it says, and what it did hold so far */
	bool ended;
};

static int parse_record(struct reading *reading, char *line)
{
	char *word = hd_word_take(&line);

	for (size_t i = 0; word && line && i < N_RECORDS; i++) {
		int r;

		if (strcmp(word, records[i].name) != 0)
			continue;
		r = records[i].parse(line, reading->claim);
		reading->held += r == 0 && records[i].held;
		return r;
	}
	if (!word || strcmp(word, "holds") != 0 || !reading->sums ||
	    reading->counted ||
	    !hd_word_number(hd_word_take(&line), INT_MAX, &reading->holds) ||
	    line)
		return -EBADMSG;
	reading->counted = true;
	return 0;
}

/* Cuts the sum off a line; false when it isn't that of @length bytes. */
static bool take_sum(char *line, const char *of, size_t length)
{
	char sum[sizeof(" 01234567")];
	size_t n = strlen(line);

	snprintf(sum, sizeof(sum), " " SUM, hd_crc32(0, of, length));
	if (n < strlen(sum) || strcmp(line + n - strlen(sum), sum) != 0)
		return false;
	line[n - strlen(sum)] = '\0';
	return true;
}

static int parse_line(struct reading *reading, char *line)
{
	size_t n = strlen(line), at = (size_t)(line - reading->copy);

	if (reading->ended)
		return -EBADMSG;
	if (strncmp(line, END, strlen(END)) == 0) {
		if (reading->sums &&
		    !take_sum(line, reading->text, at + strlen(END)))
			return -EBADMSG;
		reading->ended = strcmp(line, END) == 0;
		return reading->ended ? 0 : -EBADMSG;
	}
	if (reading->sums &&
	    (n < SUM_SIZE || !take_sum(line, line, n - SUM_SIZE)))
		return -EBADMSG;
	return parse_record(reading, line);
}

/* Whether nothing of it is missing. */
static bool is_whole(const struct reading *reading)
{
	const struct hd_claim *claim = reading->claim;

	return reading->ended && claim->owned && claim->since &&
	       (claim->domain || !claim->guest[0]) &&
	       (!reading->sums ||
		(reading->counted && reading->holds == reading->held));
}

/*
 * Parses the lines after the header. Returns 0; -EBADMSG with the number of the
 * first bad one; -ENOMEM. With @all it goes on past those.
 */
static int parse_lines(struct reading *reading, bool all, unsigned *ret_bad)
{
	char *rest = reading->copy, *line = strsep(&rest, "\n");
	unsigned number = 1;

	*ret_bad = 0;
	while (rest && (line = strsep(&rest, "\n")) && rest) {
		int r = parse_line(reading, line);

		number++;
		if (r == -ENOMEM)
			return r;
		if (r < 0 && !*ret_bad)
			*ret_bad = number;
		if (r < 0 && !all)
			return r;
	}
	/* A torn file stops before "end", or within its line. */
	if (!*ret_bad && (!is_whole(reading) || (line && *line)))
		*ret_bad = number + 1;
	return *ret_bad ? -EBADMSG : 0;
}

/* The version that the first line names; -EBADMSG when it doesn't. */
static int read_version(const char *text, int64_t *ret)
{
	const char *word = hd_after(text, HEADER);
	char version[sizeof("999999")] = "";
	size_t n = word ? strcspn(word, "\n") : 0;

	if (n >= sizeof(version))
		return -EBADMSG;
	memcpy(version, word ? word : "", n);
	return hd_word_number(version, INT_MAX, ret) ? 0 : -EBADMSG;
}

static int parse(struct reading *reading, struct hd_err *err)
{
	int64_t version;
	unsigned bad;
	int r;

	if (read_version(reading->copy, &version) < 0)
		return hd_err_set(err, EBADMSG, "line 1 is damaged");
	if (version < 1 || version > 4)
		return hd_err_set(
			err, EPROTONOSUPPORT,
			"another version of virt-hostdev wrote it, in form %" PRId64,
			version);
	reading->sums = version > 1;
	r = parse_lines(reading, false, &bad);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	return r < 0 ? hd_err_set(err, EBADMSG, "line %u is damaged or missing",
				  bad) :
		       0;
}

int hd_claim_parse(const char *text, size_t length, struct hd_claim *ret,
		   struct hd_err *err)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE char *copy = NULL;
	struct reading reading = { .text = text, .claim = &claim };
	int r;

	if (memchr(text, '\0', length))
		return hd_err_set(err, EBADMSG, "it is not a text of ours");
	reading.copy = copy = strndup(text, length);
	if (!copy)
		return hd_err_nomem(err);
	/* What is read stands in @copy, with a NUL behind it. */
	r = parse(&reading, err);
	if (r < 0)
		return r;
	*ret = claim;
	claim = (struct hd_claim){ .domain = NULL };
	return 0;
}

int hd_claim_salvage(const char *text, size_t length, struct hd_claim *ret,
		     struct hd_err *err)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .phase = HD_RUNNING,
						.damaged = true };
	HD_AUTOFREE char *copy = malloc(length + 1);
	struct reading reading = {
		.text = text, .copy = copy, .sums = true, .claim = &claim
	};
	unsigned bad;

	if (!copy)
		return hd_err_nomem(err);
	/* A NUL is a wrong byte like others, and no line's end. */
	for (size_t i = 0; i < length; i++)
		copy[i] = text[i] ? text[i] : '\1';
	copy[length] = '\0';
	if (parse_lines(&reading, true, &bad) == -ENOMEM)
		return hd_err_nomem(err);
	claim.complete = reading.counted && reading.holds == reading.held;
	*ret = claim;
	claim = (struct hd_claim){ .domain = NULL };
	return 0;
}

static bool is_given_up(const struct hd_claim *claim,
			const struct hd_claim_device *device,
			const struct hd_device *now)
{
	if (claim->phase != HD_RUNNING || !device->restore || !now || now->vfio)
		return false;
	/* The screen that went with it isn't back by that. */
	if (device->screen.n)
		return false;
	return now->driver && device->driver ?
		       strcmp(now->driver, device->driver) == 0 :
		       now->driver == device->driver;
}

void hd_claim_prune(struct hd_claim *claim, const struct hd_inventory *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < claim->n_devices; i++) {
		struct hd_claim_device *device = &claim->devices[i];

		if (!is_given_up(claim, device,
				 hd_inventory_find(now, device->addr))) {
			claim->devices[kept++] = *device;
			continue;
		}
		claim->pruned = true;
		clear_device(device);
	}
	claim->n_devices = kept;
}

const struct hd_claim_device *hd_claim_find(const struct hd_claim *claim,
					    struct hd_addr addr)
{
	for (size_t i = 0; i < claim->n_devices; i++)
		if (hd_addr_equal(claim->devices[i].addr, addr))
			return &claim->devices[i];
	return NULL;
}

int hd_claim_move(struct hd_claim *from, struct hd_claim *to,
		  bool (*wanted)(const void *data,
				 const struct hd_claim_device *device),
		  const void *data, struct hd_err *err)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < from->n_devices; i++) {
		struct hd_claim_device device = from->devices[i], *slot;

		if (r < 0 || !wanted(data, &device)) {
			from->devices[kept++] = device;
			continue;
		}
		if (hd_claim_find(to, device.addr)) {
			clear_device(&device);
			continue;
		}
		slot = hd_array_add(&to->devices, &to->n_devices,
				    sizeof(*slot));
		if (!slot) {
			r = hd_err_nomem(err);
			from->devices[kept++] = device;
			continue;
		}
		*slot = device;
	}
	from->n_devices = kept;
	return r;
}

void hd_claim_clear(struct hd_claim *claim)
{
	for (size_t i = 0; i < claim->n_devices; i++)
		clear_device(&claim->devices[i]);
	free(claim->devices);
	free(claim->workers);
	free(claim->domain);
	free(claim->error);
	memset(claim, 0, sizeof(*claim));
}
