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
#include "lib/base/stream.h"
#include "lib/base/word.h"

#define HEADER "virt-hostdev-claim 1"

const char *hd_phase_name(enum hd_phase phase)
{
	static const char *const names[] = { "starting", "running",
					     "returning" };

	return names[phase];
}

/* What couldn't be read can't be put back. */
static void format_attributes(FILE *file, const struct hd_claim_device *device)
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

char *hd_claim_format(const struct hd_claim *claim)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);
	bool failed;

	if (!file)
		return NULL;
	fprintf(file, HEADER "\ndomain %s", claim->uuid);
	hd_word_write(file, claim->domain);
	if (hd_claim_is_moving(claim))
		fprintf(file, "\nguest %s", claim->guest);
	fprintf(file, "\nstate %s %" PRId64 " %d %" PRIu64,
		hd_phase_name(claim->phase), claim->since, claim->daemon.pid,
		claim->daemon.start);
	hd_word_write(file, claim->error);
	fputc('\n', file);
	for (size_t i = 0; i < claim->n_workers; i++) {
		const struct hd_claim_worker *worker = &claim->workers[i];

		fprintf(file, "worker %s %d %" PRIu64 "\n",
			hd_addr_text(worker->addr).s, worker->process.pid,
			worker->process.start);
	}
	for (size_t i = 0; i < claim->n_devices; i++) {
		const struct hd_claim_device *device = &claim->devices[i];

		fprintf(file, "device %s %d %04x:%04x %s",
			hd_addr_text(device->addr).s, device->group,
			device->vendor, device->device,
			device->restore ? "restore" : "keep");
		hd_word_write(file, device->driver);
		hd_word_write(file, device->override);
		fputc('\n', file);
		format_attributes(file, device);
	}
	fputs("end\n", file);
	failed = ferror(file);
	if (fclose(file) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
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

static bool parse_device(char *line, struct hd_claim *claim)
{
	struct hd_claim_device *device = hd_array_add(
		&claim->devices, &claim->n_devices, sizeof(*device));
	char *addr = hd_word_take(&line), *group = hd_word_take(&line);
	char *id = hd_word_take(&line);
	char *duty = hd_word_take(&line);
	int64_t number;

	if (!device || !addr || !id || !duty ||
	    hd_addr_parse(addr, &device->addr, NULL) < 0 ||
	    !read_id(id, device) || !hd_word_number(group, INT_MAX, &number))
		return false;
	device->group = (int)number;
	device->restore = strcmp(duty, "restore") == 0;
	if (!device->restore && strcmp(duty, "keep") != 0)
		return false;
	return hd_word_read(hd_word_take(&line), &device->driver) &&
	       hd_word_read(hd_word_take(&line), &device->override) && !line;
}

static bool parse_attribute(char *line, struct hd_claim *claim)
{
	char *word = hd_word_take(&line);
	HD_AUTOFREE char *path = NULL;
	HD_AUTOFREE char *value = NULL;
	struct hd_addr addr;
	size_t i = 0;

	if (!word || hd_addr_parse(word, &addr, NULL) < 0 ||
	    !hd_word_read(hd_word_take(&line), &path) || !path ||
	    !hd_word_read(hd_word_take(&line), &value) || line)
		return false;
	while (i < claim->n_devices &&
	       !hd_addr_equal(claim->devices[i].addr, addr))
		i++;
	return i < claim->n_devices &&
	       hd_attributes_add(&claim->devices[i].attributes, path,
				 value ? value : "", 0) == 0;
}

static bool parse_domain(char *line, struct hd_claim *claim)
{
	char *uuid = hd_word_take(&line);

	if (claim->uuid[0] || !uuid || !hd_uuid_is_canonical(uuid))
		return false;
	memcpy(claim->uuid, uuid, HD_UUID_SIZE);
	return hd_word_read(hd_word_take(&line), &claim->domain) && !line;
}

static bool parse_guest(char *line, struct hd_claim *claim)
{
	char *uuid = hd_word_take(&line);

	if (claim->guest[0] || !uuid || !hd_uuid_is_canonical(uuid))
		return false;
	memcpy(claim->guest, uuid, HD_UUID_SIZE);
	return !line;
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

static bool parse_worker(char *line, struct hd_claim *claim)
{
	struct hd_claim_worker *worker = hd_array_add(
		&claim->workers, &claim->n_workers, sizeof(*worker));
	char *addr = hd_word_take(&line);

	return worker && addr &&
	       hd_addr_parse(addr, &worker->addr, NULL) == 0 &&
	       read_process(&line, &worker->process) && !line;
}

static bool read_phase(const char *word, enum hd_phase *ret)
{
	for (*ret = HD_STARTING; word && *ret <= HD_RETURNING; (*ret)++)
		if (strcmp(word, hd_phase_name(*ret)) == 0)
			return true;
	return false;
}

static bool parse_state(char *line, struct hd_claim *claim)
{
	char *phase = hd_word_take(&line), *since = hd_word_take(&line);

	if (claim->since || !read_phase(phase, &claim->phase) ||
	    !hd_word_number(since, INT64_MAX, &claim->since) || !claim->since ||
	    !read_process(&line, &claim->daemon))
		return false;
	return hd_word_read(hd_word_take(&line), &claim->error) && !line;
}

/* The records between the header and the end. */
static const struct {
	const char *name;
	bool (*parse)(char *line, struct hd_claim *claim);
} records[] = {
	{ "domain", parse_domain }, { "guest", parse_guest },
	{ "state", parse_state },   { "worker", parse_worker },
	{ "device", parse_device }, { "attribute", parse_attribute },
};

#define N_RECORDS (sizeof(records) / sizeof(records[0]))

static bool parse_record(char *line, struct hd_claim *claim)
{
	char *word = hd_word_take(&line);

	for (size_t i = 0; word && line && i < N_RECORDS; i++)
		if (strcmp(word, records[i].name) == 0)
			return records[i].parse(line, claim);
	return false;
}

/* Parses all lines; returns the number of the first bad one, 0 for none. */
static unsigned parse_lines(char *text, struct hd_claim *claim)
{
	unsigned number = 0;
	bool ended = false;
	char *line;

	while ((line = strsep(&text, "\n")) && text) {
		bool good;

		if (++number == 1)
			good = strcmp(line, HEADER) == 0;
		else if (!ended && strcmp(line, "end") == 0)
			good = ended = true;
		else
			good = !ended && parse_record(line, claim);
		if (!good)
			return number;
	}
	/* A torn file stops before "end", or within its line. */
	return ended && claim->uuid[0] && claim->since && (!line || !*line) &&
			       (claim->domain || !claim->guest[0]) ?
		       0 :
		       number + 1;
}

int hd_claim_parse(const char *text, size_t length, struct hd_claim *ret,
		   struct hd_err *err)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE char *copy = NULL;
	unsigned bad;

	if (memchr(text, '\0', length))
		return hd_err_set(err, EBADMSG, "it is not a text of ours");
	copy = strndup(text, length);
	if (!copy)
		return hd_err_nomem(err);
	bad = parse_lines(copy, &claim);
	if (bad)
		return hd_err_set(err, EBADMSG, "line %u is damaged or missing",
				  bad);
	*ret = claim;
	claim = (struct hd_claim){ .domain = NULL };
	return 0;
}

static void clear_device(struct hd_claim_device *device)
{
	free(device->driver);
	free(device->override);
	hd_attributes_clear(&device->attributes);
}

static bool is_given_up(const struct hd_claim *claim,
			const struct hd_claim_device *device,
			const struct hd_device *now)
{
	if (claim->phase != HD_RUNNING || !device->restore || now->vfio ||
	    !hd_addr_equal(device->addr, now->addr))
		return false;
	return now->driver && device->driver ?
		       strcmp(now->driver, device->driver) == 0 :
		       now->driver == device->driver;
}

void hd_claim_prune(struct hd_claim *claim, const struct hd_device *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < claim->n_devices; i++) {
		struct hd_claim_device *device = &claim->devices[i];

		if (!is_given_up(claim, device, now)) {
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
