// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/claim.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/array.h"
#include "lib/cleanup.h"
#include "lib/read.h"

#define HEADER "virt-hostdev-claim 1"
#define NONE "-"
#define DAMAGED ".damaged"

/* A domain has hundreds of devices at the most; a line has some 300 bytes. */
#define CLAIM_LIMIT (1024 * 1024)

bool hd_uuid_is_canonical(const char *text)
{
	size_t i;

	for (i = 0; text[i] && i < HD_UUID_SIZE - 1; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? text[i] != '-'
			   : !isxdigit((unsigned char)text[i]) ||
				     isupper((unsigned char)text[i]))
			return false;
	}
	return i == HD_UUID_SIZE - 1 && text[i] == '\0';
}

static bool is_plain(unsigned char c, bool first)
{
	return c > ' ' && c < 0x7f && c != '%' && !(first && c == '-');
}

static void write_field(FILE *file, const char *text)
{
	if (!text) {
		fputs(" " NONE, file);
		return;
	}
	fputc(' ', file);
	for (const char *p = text; *p; p++) {
		if (is_plain((unsigned char)*p, p == text))
			fputc(*p, file);
		else
			fprintf(file, "%%%02x", (unsigned char)*p);
	}
}

char *hd_claim_format(const struct hd_claim *claim)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	bool failed;

	if (!file)
		return NULL;
	fprintf(file, HEADER "\ndomain %s", claim->uuid);
	write_field(file, claim->domain);
	fputc('\n', file);
	for (size_t i = 0; i < claim->n_devices; i++) {
		const struct hd_claim_device *device = &claim->devices[i];

		fprintf(file, "device %s %d %s", hd_addr_text(device->addr).s,
			device->group, device->restore ? "restore" : "keep");
		write_field(file, device->driver);
		write_field(file, device->override);
		fputc('\n', file);
	}
	fputs("end\n", file);
	failed = ferror(file);
	if (fclose(file) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}

/* Cuts the next blank-separated word off *@line; NULL when there is none. */
static char *take_word(char **line)
{
	char *word = strsep(line, " ");

	return word && *word ? word : NULL;
}

/* Undoes write_field(); false when @word is no field. NULL stands for none. */
static bool read_field(const char *word, char **ret)
{
	char *text, *out;

	if (!word)
		return false;
	*ret = NULL;
	if (strcmp(word, NONE) == 0)
		return true;
	text = out = malloc(strlen(word) + 1);
	if (!text)
		return false;
	for (const char *p = word; *p; p++) {
		unsigned byte = (unsigned char)*p;

		if (*p == '%') {
			if (!isxdigit((unsigned char)p[1]) ||
			    !isxdigit((unsigned char)p[2]) ||
			    sscanf(p + 1, "%2x", &byte) != 1 || byte == 0)
				break;
			p += 2;
		} else if (!is_plain((unsigned char)byte, p == word)) {
			break;
		}
		*out++ = (char)byte;
		if (p[1] == '\0') {
			*out = '\0';
			*ret = text;
			return true;
		}
	}
	free(text);
	return false;
}

static bool read_group(const char *word, int *ret)
{
	char *end;
	long value;

	if (!word || !isdigit((unsigned char)*word))
		return false;
	errno = 0;
	value = strtol(word, &end, 10);
	if (errno || *end || value > INT_MAX)
		return false;
	*ret = (int)value;
	return true;
}

static bool parse_device(char *line, struct hd_claim *claim)
{
	struct hd_claim_device *device = hd_array_add(
		&claim->devices, &claim->n_devices, sizeof(*device));
	char *addr = take_word(&line), *group = take_word(&line);
	char *duty = take_word(&line);

	if (!device || !addr || !duty ||
	    hd_addr_parse(addr, &device->addr, NULL) < 0 ||
	    !read_group(group, &device->group))
		return false;
	device->restore = strcmp(duty, "restore") == 0;
	if (!device->restore && strcmp(duty, "keep") != 0)
		return false;
	return read_field(take_word(&line), &device->driver) &&
	       read_field(take_word(&line), &device->override) && !line;
}

static bool parse_domain(char *line, struct hd_claim *claim)
{
	char *uuid = take_word(&line);

	if (claim->uuid[0] || !uuid || !hd_uuid_is_canonical(uuid))
		return false;
	memcpy(claim->uuid, uuid, HD_UUID_SIZE);
	return read_field(take_word(&line), &claim->domain) && claim->domain &&
	       !line;
}

/* Parses all lines; returns the number of the first bad one, 0 for none. */
static unsigned parse_lines(char *text, struct hd_claim *claim)
{
	unsigned number = 0;
	bool ended = false;
	char *line;

	while ((line = strsep(&text, "\n")) && text) {
		char *word;
		bool good = false;

		if (++number == 1) {
			if (strcmp(line, HEADER) != 0)
				return number;
			continue;
		}
		word = take_word(&line);
		if (word && !ended && strcmp(word, "domain") == 0)
			good = line && parse_domain(line, claim);
		else if (word && !ended && strcmp(word, "device") == 0)
			good = line && parse_device(line, claim);
		else if (word && !ended && strcmp(word, "end") == 0)
			good = ended = !line;
		if (!good)
			return number;
	}
	/* A torn file stops before "end", or within its line. */
	return ended && claim->uuid[0] && (!line || !*line) ? 0 : number + 1;
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

static int read_file(int dir_fd, const char *name, char **ret, size_t *ret_n)
{
	HD_AUTOCLOSE int fd = openat(
		dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	r = hd_read_all(fd, CLAIM_LIMIT, ret, ret_n);
	return r == -EFBIG ? -EBADMSG : r;
}

/* What can't be read is kept for a person to look at, under another name. */
static void set_aside(const struct hd_state *state, const char *uuid)
{
	char name[HD_UUID_SIZE + sizeof(DAMAGED)];

	if (!state->writable)
		return;
	snprintf(name, sizeof(name), "%s" DAMAGED, uuid);
	renameat(state->claims_fd, uuid, state->claims_fd, name);
}

int hd_claim_load(const struct hd_state *state, const char *uuid,
		  struct hd_claim *ret, struct hd_err *err)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE char *text = NULL;
	size_t length = 0;
	int r;

	if (!hd_uuid_is_canonical(uuid))
		return -ENOENT;
	r = read_file(state->claims_fd, uuid, &text, &length);
	if (r == -ENOENT)
		return r;
	if (r < 0 && r != -EBADMSG)
		return hd_err_set(err, -r,
				  "cannot read " HD_STATE_DIR "/claims/%s: %s",
				  uuid, strerror(-r));
	if (r == -EBADMSG)
		hd_err_set(err, EBADMSG, "it is too large or no file");
	else
		r = hd_claim_parse(text, length, &claim, err);
	if (r == 0 && strcmp(claim.uuid, uuid) != 0)
		r = hd_err_set(err, EBADMSG, "it is the claim of %s",
			       claim.uuid);
	if (r == -EBADMSG) {
		hd_err_wrap(err,
			    "the claim " HD_STATE_DIR
			    "/claims/%s can't be used",
			    uuid);
		if (state->writable)
			hd_err_fix(
				err,
				"compare " HD_STATE_DIR "/claims/%s" DAMAGED
				" with the drivers that virt-hostdev list shows",
				uuid);
		set_aside(state, uuid);
	}
	if (r < 0)
		return r;
	*ret = claim;
	claim = (struct hd_claim){ .domain = NULL };
	return 0;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* Into a new file first, which then takes the old one's place. */
static int replace_file(int dir_fd, const char *name, const char *text)
{
	char temporary[HD_UUID_SIZE + sizeof(".new")];
	HD_AUTOCLOSE int fd = -1;
	int r;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir_fd, temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, temporary, 0);
	return r;
}

int hd_claim_save(const struct hd_state *state, const struct hd_claim *claim,
		  struct hd_err *err)
{
	HD_AUTOFREE char *text = hd_claim_format(claim);
	int r;

	if (!text)
		return hd_err_nomem(err);
	r = replace_file(state->claims_fd, claim->uuid, text);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot write " HD_STATE_DIR "/claims/%s: %s",
				  claim->uuid, strerror(-r));
	return 0;
}

int hd_claim_remove(const struct hd_state *state, const char *uuid,
		    struct hd_err *err)
{
	if (unlinkat(state->claims_fd, uuid, 0) < 0 && errno != ENOENT)
		return hd_err_set(
			err, errno,
			"cannot remove " HD_STATE_DIR "/claims/%s: %m", uuid);
	return 0;
}

/* Adds the claim in file @name; one that can't be used becomes a finding. */
static int load_into(const struct hd_state *state, const char *name,
		     struct hd_claims *claims, struct hd_findings *findings,
		     struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	struct hd_claim claim, *slot;
	int r = hd_claim_load(state, name, &claim, &cause);

	if (r == -ENOENT) /* its guest ended meanwhile */
		return 0;
	if (r == -EBADMSG)
		return hd_findings_add(
			findings, "claim-damaged", HD_WARNING, HD_WHOLE_DOMAIN,
			hd_steal(&cause.message), hd_steal(&cause.fix), err);
	if (r < 0)
		return hd_err_set(err, -r, "%s", hd_err_message(&cause));
	slot = hd_array_add(&claims->items, &claims->n, sizeof(*slot));
	if (!slot) {
		hd_claim_clear(&claim);
		return hd_err_nomem(err);
	}
	*slot = claim;
	return 0;
}

int hd_claims_load(const struct hd_state *state, struct hd_claims *ret,
		   struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTO_CLAIMS struct hd_claims claims = { NULL, 0 };
	HD_AUTOCLOSE int fd = openat(state->claims_fd, ".",
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return hd_err_set(err, errno,
				  "cannot read " HD_STATE_DIR "/claims: %m");
	fd = -1; /* closedir() closes it */
	while (r == 0 && (entry = readdir(dir)))
		if (hd_uuid_is_canonical(entry->d_name))
			r = load_into(state, entry->d_name, &claims, findings,
				      err);
	closedir(dir);
	if (r < 0)
		return r;
	*ret = claims;
	claims = (struct hd_claims){ NULL, 0 };
	return 0;
}

const struct hd_claim_device *hd_claim_find(const struct hd_claim *claim,
					    struct hd_addr addr)
{
	for (size_t i = 0; i < claim->n_devices; i++)
		if (hd_addr_equal(claim->devices[i].addr, addr))
			return &claim->devices[i];
	return NULL;
}

void hd_claim_clear(struct hd_claim *claim)
{
	for (size_t i = 0; i < claim->n_devices; i++) {
		free(claim->devices[i].driver);
		free(claim->devices[i].override);
	}
	free(claim->devices);
	free(claim->domain);
	memset(claim, 0, sizeof(*claim));
}

void hd_claims_clear(struct hd_claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		hd_claim_clear(&claims->items[i]);
	free(claims->items);
	*claims = (struct hd_claims){ NULL, 0 };
}
