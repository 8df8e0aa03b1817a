// SPDX-License-Identifier: GPL-2.0-or-later
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tools/verb/capture/scrub.h"

#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/stream.h"

#define MAC_BYTES 6
#define MAC_TEXT sizeof("00:00:00:00:00:00")

/* Shorter ones, and those without a digit, may be a word of any text. */
#define SERIAL_LENGTH 6

/*
 * What the search for one match may take. The patterns are linear: see the
 * fuzzer, which takes a limit that was met for a defect.
 */
#define MATCH_LIMIT 1000
#define HEAP_LIMIT_KIB 1024

/* Something that is replaced, and by what. */
struct secret {
	char *text, *pseudonym; /* owned */
	bool everywhere; /* it can be nothing else, wherever it stands */
	bool host; /* a name of the host: only in what people write */
};

struct scrub {
	struct secret *secrets;
	size_t n;
	unsigned macs, serials; /* how many have got a pseudonym */
	pcre2_code *mac, *value; /* patterns */
	pcre2_match_context *limits;
	pcre2_match_data *found;
	const size_t *at; /* begin and end of what was found, and of groups */
	bool keep; /* only passwords go */
	bool composed; /* learn what is made of a model and a serial, too */
};

#define AUTO_SCRUB __attribute__((cleanup(clear)))

static void clear(struct scrub *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->secrets[i].text);
		free(s->secrets[i].pseudonym);
	}
	free(s->secrets);
	pcre2_code_free(s->mac);
	pcre2_code_free(s->value);
	pcre2_match_context_free(s->limits);
	pcre2_match_data_free(s->found);
}

/* Pseudonyms */

static bool has_shape(const char *text, size_t length, const char *shape)
{
	if (length != strlen(shape))
		return false;
	for (size_t i = 0; i < length; i++)
		if (shape[i] == 'x' ? !isxdigit((unsigned char)text[i]) :
				      text[i] != shape[i])
			return false;
	return true;
}

static bool is_mac(const char *text, size_t length)
{
	return has_shape(text, length, "xx:xx:xx:xx:xx:xx") ||
	       has_shape(text, length, "xx-xx-xx-xx-xx-xx");
}

static char *make_pseudonym(struct scrub *s, const char *text, size_t length)
{
	if (is_mac(text, length)) {
		unsigned n = ++s->macs;

		return hd_text("02:00:00:%02x:%02x:%02x", n >> 16 & 0xff,
			       n >> 8 & 0xff, n & 0xff);
	}
	s->serials++;
	if (has_shape(text, length, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
		return hd_text("00000000-0000-4000-8000-%012u", s->serials);
	if (has_shape(text, length, "0xxxxxxxxxxxxxxxxx") ||
	    has_shape(text, length, "0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"))
		return hd_text("0x%0*u", (int)length - 2, s->serials);
	return hd_text("SERIAL-%u", s->serials);
}

static bool is_telling(const char *text, size_t length)
{
	bool digit = false, letter = false;

	for (size_t i = 0; i < length; i++) {
		digit |= isdigit((unsigned char)text[i]);
		letter |= isalpha((unsigned char)text[i]);
	}
	return digit && length >= SERIAL_LENGTH + (letter ? 0 : 2);
}

static struct secret *find_secret(const struct scrub *s, const char *text,
				  size_t length)
{
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->secrets[i].text) == length &&
		    memcmp(s->secrets[i].text, text, length) == 0)
			return &s->secrets[i];
	return NULL;
}

/* Takes @pseudonym over; NULL when memory runs out. */
static struct secret *add_secret(struct scrub *s, const char *text,
				 size_t length, char *pseudonym)
{
	struct secret *secret =
		hd_array_add(&s->secrets, &s->n, sizeof(*secret));
	char *copy = strndup(text, length);

	if (secret && copy && pseudonym) {
		secret->text = copy;
		secret->pseudonym = pseudonym;
		return secret;
	}
	s->n -= secret != NULL;
	free(copy);
	free(pseudonym);
	return NULL;
}

/* What stands for @text; NULL when memory runs out. */
static const char *pseudonym_of(struct scrub *s, const char *text,
				size_t length)
{
	struct secret *secret = find_secret(s, text, length);

	if (!secret) {
		secret = add_secret(s, text, length,
				    make_pseudonym(s, text, length));
		if (!secret)
			return NULL;
		secret->everywhere =
			!is_mac(text, length) && is_telling(text, length);
	}
	return secret->pseudonym;
}

static int copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return *ret ? 0 : -ENOMEM;
}

/* Words that are known secrets */

struct text {
	char *data; /* owned */
	size_t length;
};

static void free_text(struct text *text)
{
	free(text->data);
}

#define AUTO_TEXT __attribute__((cleanup(free_text)))

/* Ends what is written to @changed, which takes @text's place if @r is 0. */
static int finish(FILE *out, int r, struct text *changed, struct text *text)
{
	if (fclose(out) != 0)
		r = -ENOMEM;
	if (r == 0) {
		free(text->data);
		*text = *changed;
	} else {
		free(changed->data);
	}
	return r;
}

/* Where @word stands in @text, at @from or later, between no other letters. */
static const char *find_word(const struct text *text, const char *from,
			     const char *word)
{
	const char *end = text->data + text->length;
	size_t n = strlen(word);

	for (; (from = memmem(from, (size_t)(end - from), word, n)); from++)
		if ((from == text->data || !isalnum((unsigned char)from[-1])) &&
		    (from + n == end || !isalnum((unsigned char)from[n])))
			return from;
	return NULL;
}

/* Returns 1 when there was one. */
static int replace_word(struct text *text, const struct secret *secret)
{
	const char *from = text->data;
	const char *word = find_word(text, from, secret->text);
	struct text changed;
	FILE *out;

	if (!word)
		return 0;
	out = hd_stream_open(&changed.data, &changed.length);
	if (!out)
		return -ENOMEM;
	for (; word; word = find_word(text, from, secret->text)) {
		fwrite(from, 1, (size_t)(word - from), out);
		fputs(secret->pseudonym, out);
		from = word + strlen(secret->text);
	}
	fwrite(from, 1, text->length - (size_t)(from - text->data), out);
	return finish(out, 0, &changed, text) < 0 ? -ENOMEM : 1;
}

/* Returns how many secrets there were in it. */
static int replace_words(const struct scrub *s, struct text *text, bool host)
{
	int r = 0, n = 0;

	for (size_t i = 0; r >= 0 && i < s->n; i++)
		if (s->secrets[i].everywhere || (host && s->secrets[i].host)) {
			r = replace_word(text, &s->secrets[i]);
			n += r;
		}
	return r < 0 ? r : n;
}

/* Patterns */

/*
 * Finds the first match that begins at @from or later. Returns 1, 0 when there
 * is none, -ENOMEM, or -E2BIG when the search took more than it may: then
 * nothing is known of the text.
 */
static int search(struct scrub *s, const pcre2_code *code,
		  const struct text *text, size_t from)
{
	int r = pcre2_match(code, (PCRE2_SPTR)text->data, text->length, from,
			    PCRE2_NOTEMPTY, s->found, s->limits);

	if (r > 0 || r == PCRE2_ERROR_NOMATCH)
		return r > 0;
	return r == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -E2BIG;
}

static bool has_group(const struct scrub *s, size_t group)
{
	return s->at[2 * group] != PCRE2_UNSET;
}

/*
 * What stands for the match at @p: owned by the caller, or NULL when the match
 * is to stay. Returns 0 or -ENOMEM.
 */
typedef int (*replace_fn)(struct scrub *s, const char *p, size_t length,
			  char **ret);

static int write_replaced(struct scrub *s, const pcre2_code *code,
			  replace_fn replace, const struct text *text,
			  FILE *out)
{
	size_t written = 0, from = 0;
	int r;

	while ((r = search(s, code, text, from)) > 0) {
		HD_AUTOFREE char *other = NULL;
		size_t start = s->at[0];

		from = s->at[1];
		r = replace(s, text->data + start, from - start, &other);
		if (r < 0)
			return r;
		if (!other)
			continue;
		fwrite(text->data + written, 1, start - written, out);
		fputs(other, out);
		written = from;
	}
	fwrite(text->data + written, 1, text->length - written, out);
	return r;
}

static int rewrite(struct scrub *s, const pcre2_code *code, replace_fn replace,
		   struct text *text)
{
	struct text changed = { NULL, 0 };
	int r = search(s, code, text, 0);
	FILE *out;

	if (r <= 0)
		return r;
	out = hd_stream_open(&changed.data, &changed.length);
	if (!out)
		return -ENOMEM;
	r = write_replaced(s, code, replace, text, out);
	return finish(out, r, &changed, text);
}

/* MAC addresses */

/*
 * Six pairs of digits and more: 6 of Ethernet, 8 and 20 of InfiniBand. A date
 * has as many, after its year. 12 digits may be one without separators, as in
 * the names that udev gives to interfaces. Last an interface's own IPv6 address
 * as /proc/net/ipv6_route has it: the last 16 digits are its MAC address with
 * fffe in the middle and one bit turned (RFC 4291, appendix A).
 */
#define X "[[:xdigit:]]"
static const char mac_pattern[] =
	"(?<!" X ")(?:"
	"(?<!\\d{4}-)(" X "{2}([:-])" X "{2}(?:\\2" X "{2}(?!" X ")){4,18})|"
	"(?:(?<=enx|wlx|wwx)(" X "{12})|(" X "{12})|" X "{22}fffe" X "{6})(?!" X
	"))";
enum mac_group { PAIRS = 1, SEPARATOR, NAMED_DIGITS, DIGITS };

/* A MAC address of pairs that are @step apart, as the kernel writes it. */
static void spell_mac(const char *p, size_t step, char mac[MAC_TEXT])
{
	for (size_t i = 0; i < MAC_BYTES; i++) {
		mac[3 * i] = (char)tolower((unsigned char)p[i * step]);
		mac[3 * i + 1] = (char)tolower((unsigned char)p[i * step + 1]);
		mac[3 * i + 2] = i + 1 < MAC_BYTES ? ':' : '\0';
	}
}

static int replace_pairs(struct scrub *s, const char *pairs, size_t length,
			 char **ret)
{
	char mac[MAC_TEXT];

	/* Nobody's, and everybody's. */
	if (strspn(pairs, "0:-") >= length || strspn(pairs, "fF:-") >= length)
		return 0;
	spell_mac(pairs, 3, mac);
	return copy(pseudonym_of(s, length < MAC_TEXT ? mac : pairs, length),
		    ret);
}

static int replace_plain(struct scrub *s, const char *mac, char **ret)
{
	const char *p = pseudonym_of(s, mac, MAC_TEXT - 1);

	if (!p)
		return -ENOMEM;
	*ret = hd_text("%.2s%.2s%.2s%.2s%.2s%.2s", p, p + 3, p + 6, p + 9,
		       p + 12, p + 15);
	return *ret ? 0 : -ENOMEM;
}

static int replace_ipv6(struct scrub *s, const char *digits, char **ret)
{
	char plain[2 * MAC_BYTES + 1], mac[MAC_TEXT];
	unsigned first = 0;
	const char *p;

	sscanf(digits + 16, "%2x", &first);
	snprintf(plain, sizeof(plain), "%02x%.4s%.6s", first ^ 2, digits + 18,
		 digits + 26);
	spell_mac(plain, 2, mac);
	p = pseudonym_of(s, mac, MAC_TEXT - 1);
	if (!p)
		return -ENOMEM;
	/* A pseudonym begins with 02, which the turned bit makes 00. */
	*ret = hd_text("%.16s00%.2s%.2sfffe%.2s%.2s%.2s", digits, p + 3, p + 6,
		       p + 9, p + 12, p + 15);
	return *ret ? 0 : -ENOMEM;
}

static int replace_mac(struct scrub *s, const char *p, size_t length,
		       char **ret)
{
	char mac[MAC_TEXT];

	if (has_group(s, PAIRS))
		return replace_pairs(s, p, length, ret);
	if (length > 2 * MAC_BYTES)
		return replace_ipv6(s, p, ret);
	spell_mac(p, 2, mac);
	return has_group(s, DIGITS) && !find_secret(s, mac, MAC_TEXT - 1) ?
		       0 :
		       replace_plain(s, mac, ret);
}

/* Values whose name tells what they are */

/*
 * "word=value", "word : value", "<word>value", "'word'>value", with quotes or
 * without; ">" of a shell is no element's. ID_SERIAL is udev's, of model and
 * serial number; GPU UUID stands in /proc/driver/nvidia.
 */
#define WORD "[\\w.-]"
#define BLANKS "[ \\t]*+"
static const char value_pattern[] =
	"(<)?(?:(passwd|password)|"
	"(?<!" WORD ")(?-i:(ID_SERIAL))|"
	"serial(?:_short|_?number)?|uniq|"
	"wwn(?:_with_extension|_vendor_extension)?|"
	"(?<!" WORD ")(?-i:SCSI_IDENT_)" WORD "++|"
	"(?-i:GPU UUID))(?!" WORD ")"
	"([\"'])?" BLANKS "(?:[=:]" BLANKS "(?:"
	"\"\\K[^\"\\n\\0]++|'\\K[^'\\n\\0]++|\\K[^\\s\"'<>,;&\\0]++)|"
	"(?:(?(1)>|(?(4)>|(?!)))|>(?=[^<>\\n]*+</))" BLANKS
	"\\K[^\\s<>\\0]++(?:[ \\t]++[^\\s<>\\0]++){0,16}+)";
enum value_group { TAG = 1, PASSWORD, COMPOSED, QUOTE, GROUPS };

static int replace_value(struct scrub *s, const char *value, size_t length,
			 char **ret)
{
	AUTO_TEXT struct text text = { NULL, length };
	int r;

	if (has_group(s, PASSWORD))
		return copy("REMOVED", ret);
	if (s->keep || is_mac(value, length))
		return 0;
	text.data = strndup(value, length);
	r = text.data ? replace_words(s, &text, false) : -ENOMEM;
	if (r > 0)
		*ret = hd_steal(&text.data);
	if (r != 0)
		return r < 0 ? r : 0;
	if (has_group(s, COMPOSED) && !s->composed)
		return 0;
	return copy(pseudonym_of(s, value, length), ret);
}

static int rewrite_macs(struct scrub *s, struct text *text)
{
	return rewrite(s, s->mac, replace_mac, text);
}

static int rewrite_values(struct scrub *s, struct text *text)
{
	return rewrite(s, s->value, replace_value, text);
}

/* The passes over one text, and the order of them */

/* Replaces what is secret in a name or a link. */
static int scrub_name(struct scrub *s, char **name)
{
	struct text text = { *name, strlen(*name) };
	int r = rewrite_macs(s, &text);

	if (r == 0)
		r = replace_words(s, &text, false);
	*name = text.data;
	return r < 0 ? r : 0;
}

static int scrub_text(struct scrub *s, struct text *text, bool host)
{
	int r = rewrite_values(s, text);

	if (r < 0 || s->keep)
		return r;
	r = rewrite_macs(s, text);
	if (r == 0)
		r = replace_words(s, text, host);
	return r < 0 ? r : 0;
}

/* Contents that are a serial number or a MAC address, and a newline. */
static int scrub_serial(struct scrub *s, struct text *text)
{
	size_t start = 0, end;
	struct text changed = { NULL, 0 };
	const char *other;
	int r;

	while (start < text->length &&
	       (isspace((unsigned char)text->data[start]) ||
		!text->data[start]))
		start++;
	/* What stands behind a NUL goes with it. */
	end = start + strlen(text->data + start);
	while (end > start && isspace((unsigned char)text->data[end - 1]))
		end--;
	if (start == end || s->keep)
		return 0;
	r = search(s, s->mac, text, start);
	if (r < 0)
		return r;
	if (r > 0 && has_group(s, PAIRS) && s->at[0] == start &&
	    s->at[1] == end && strlen(text->data) == text->length)
		return rewrite_macs(s, text);
	other = pseudonym_of(s, text->data + start, end - start);
	changed.data = other ? hd_text("%s\n", other) : NULL;
	if (!changed.data)
		return -ENOMEM;
	changed.length = strlen(changed.data);
	free(text->data);
	*text = changed;
	return 0;
}

/* Learns from contents, or changes them. */
static int scrub_contents(struct scrub *s, const struct hd_recorded *entry,
			  struct text *text)
{
	switch (entry->policy.content) {
	case HD_CONTENT_SETTING:
	case HD_CONTENT_TEXT:
		return scrub_text(s, text,
				  entry->policy.content == HD_CONTENT_TEXT);
	case HD_CONTENT_SERIAL:
		return scrub_serial(s, text);
	default:
		return 0;
	}
}

static int learn_contents(struct scrub *s, const struct hd_recorded *entry)
{
	AUTO_TEXT struct text text = { malloc(entry->length + 1),
				       entry->length };

	if (!text.data)
		return -ENOMEM;
	memcpy(text.data, entry->data, entry->length + 1);
	return entry->policy.content == HD_CONTENT_SERIAL ?
		       scrub_serial(s, &text) :
	       entry->policy.content == HD_CONTENT_BINARY ?
		       0 :
		       rewrite_values(s, &text);
}

static int learn_host(struct scrub *s, const char *name, size_t length)
{
	struct secret *secret;

	if (length < 2)
		return 0;
	secret = add_secret(s, name, length, strdup("HOST"));
	if (!secret)
		return -ENOMEM;
	secret->host = true;
	return 0;
}

/* "a-b" is "a--b" in a name of device mapper. */
static int learn_dm_host(struct scrub *s, const char *name, size_t length)
{
	char doubled[2 * 64 + 1];
	size_t n = 0;

	if (length > 64 || !memchr(name, '-', length))
		return 0;
	for (size_t i = 0; i < length; i++) {
		doubled[n++] = name[i];
		if (name[i] == '-')
			doubled[n++] = '-';
	}
	return learn_host(s, doubled, n);
}

/* The host's name, whole and up to its first dot; or the number of a machine.
 */
static int learn_identity(struct scrub *s, const struct hd_recorded *entry)
{
	const char *text = entry->data;
	size_t length = strcspn(text, "\n"), first = strcspn(text, ".\n");
	int r;

	if (strcmp(entry->path, "etc/machine-id") == 0)
		return length && !pseudonym_of(s, text, length) ? -ENOMEM : 0;
	if (strncmp(text, "localhost", 9) == 0 || text[0] == '(')
		return 0;
	r = learn_host(s, text, length);
	if (r == 0 && first < length)
		r = learn_host(s, text, first);
	return r < 0 ? r : learn_dm_host(s, text, first);
}

static int learn(struct scrub *s, const struct hd_recording *record)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n; i++) {
		const struct hd_recorded *entry = record->entries[i];

		if (!S_ISREG(entry->mode))
			continue;
		if (entry->policy.content != HD_CONTENT_HOST)
			r = learn_contents(s, entry);
		else if (!s->composed)
			r = learn_identity(s, entry);
		/* It is left out, later. */
		if (r == -E2BIG)
			r = 0;
	}
	return r;
}

static int scrub_entry(struct scrub *s, struct hd_recorded *entry)
{
	struct text text = { entry->data, entry->length };
	int r = 0;

	if (S_ISREG(entry->mode)) {
		r = scrub_contents(s, entry, &text);
		entry->data = text.data;
		entry->length = text.length;
	}
	if (r < 0 || s->keep)
		return r;
	if (entry->policy.content == HD_CONTENT_HOST) {
		free(entry->path);
		entry->path = NULL;
		return 0;
	}
	if (S_ISLNK(entry->mode)) {
		r = scrub_name(s, &entry->data);
		entry->length = strlen(entry->data);
	}
	return r < 0 ? r : scrub_name(s, &entry->path);
}

/* Leaves an entry out in which secrets may be that weren't found. */
static int drop(struct hd_recording *record, struct hd_recorded *entry)
{
	int r = hd_recording_miss(record, entry->path,
				  "its secrets can't be told");

	free(entry->path);
	entry->path = NULL;
	return r;
}

static int scrub_entries(struct scrub *s, struct hd_recording *record)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n; i++) {
		r = scrub_entry(s, record->entries[i]);
		if (r == -E2BIG)
			r = drop(record, record->entries[i]);
	}
	return r;
}

static int scrub_misses(struct scrub *s, struct hd_remarks *misses)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < misses->n; i++) {
		char **path = &misses->items[i].path;

		r = scrub_name(s, path);
		if (r != -E2BIG)
			continue;
		free(*path);
		r = copy("a file whose name can't be told", path);
	}
	return r;
}

static pcre2_code *compile(const char *pattern)
{
	PCRE2_SIZE offset;
	int code;

	return pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
			     PCRE2_CASELESS, &code, &offset, NULL);
}

static int prepare(struct scrub *s)
{
	s->mac = compile(mac_pattern);
	s->value = compile(value_pattern);
	s->limits = pcre2_match_context_create(NULL);
	s->found = pcre2_match_data_create(GROUPS, NULL);
	if (!s->mac || !s->value || !s->limits || !s->found)
		return -ENOMEM;
	pcre2_set_match_limit(s->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(s->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
	s->at = pcre2_get_ovector_pointer(s->found);
	return 0;
}

static int scrub_all(struct scrub *s, struct hd_recording *record)
{
	int r = 0;

	if (prepare(s) < 0)
		return -ENOMEM;
	if (!s->keep)
		r = learn(s, record);
	/* Only now is it known which of them have a serial inside. */
	s->composed = true;
	if (r == 0 && !s->keep)
		r = learn(s, record);
	if (r == 0)
		r = scrub_entries(s, record);
	return r < 0 || s->keep ? r : scrub_misses(s, &record->misses);
}

int hd_scrub_record(struct hd_recording *record, struct hd_err *err)
{
	AUTO_SCRUB struct scrub s = { .keep = record->serials };

	return scrub_all(&s, record) < 0 ? hd_err_nomem(err) : 0;
}
