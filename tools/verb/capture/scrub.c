// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/capture/scrub.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"

#define MAC_BYTES 6
#define MAC_TEXT sizeof("00:00:00:00:00:00")

/* Shorter ones, and those without a digit, may be a word of any text. */
#define SERIAL_LENGTH 6

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
		if (strncmp(s->secrets[i].text, text, length) == 0 &&
		    s->secrets[i].text[length] == '\0')
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

static int replace_word(struct text *text, const struct secret *secret)
{
	const char *from = text->data;
	const char *word = find_word(text, from, secret->text);
	struct text changed;
	FILE *out;

	if (!word)
		return 0;
	out = open_memstream(&changed.data, &changed.length);
	if (!out)
		return -ENOMEM;
	for (; word; word = find_word(text, from, secret->text)) {
		fwrite(from, 1, (size_t)(word - from), out);
		fputs(secret->pseudonym, out);
		from = word + strlen(secret->text);
	}
	fwrite(from, 1, text->length - (size_t)(from - text->data), out);
	if (fclose(out) != 0) {
		free(changed.data);
		return -ENOMEM;
	}
	free(text->data);
	*text = changed;
	return 0;
}

static int replace_words(const struct scrub *s, struct text *text, bool host)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (s->secrets[i].everywhere || (host && s->secrets[i].host))
			r = replace_word(text, &s->secrets[i]);
	return r;
}

/* MAC addresses */

/* How many hexadecimal digits begin at @p. */
static size_t count_digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && isxdigit((unsigned char)p[n]))
		n++;
	return n;
}

/* How many pairs of digits, separated by @p[2], begin at @p. */
static size_t count_pairs(const char *p, const char *end)
{
	char separator = p + 2 < end ? p[2] : '\0';
	size_t n = 1;

	if (count_digits(p, end) != 2 || (separator != ':' && separator != '-'))
		return 0;
	while (p + 2 < end && p[2] == separator &&
	       count_digits(p + 3, end) == 2) {
		p += 3;
		n++;
	}
	return n;
}

/* A MAC address of pairs that are @step apart, as the kernel writes it. */
static void spell_mac(const char *p, size_t step, char mac[MAC_TEXT])
{
	for (size_t i = 0; i < MAC_BYTES; i++) {
		mac[3 * i] = (char)tolower((unsigned char)p[i * step]);
		mac[3 * i + 1] = (char)tolower((unsigned char)p[i * step + 1]);
		mac[3 * i + 2] = i + 1 < MAC_BYTES ? ':' : '\0';
	}
}

static bool is_nobody(const char *mac)
{
	return strcmp(mac, "00:00:00:00:00:00") == 0 ||
	       strcmp(mac, "ff:ff:ff:ff:ff:ff") == 0;
}

/* 12 digits are a MAC address if it is known, or after udev's "enx". */
static bool is_plain_mac(const struct scrub *s, const char *start,
			 const char *p, const char *mac)
{
	return find_secret(s, mac, MAC_TEXT - 1) ||
	       (p - start >= 3 && p[-1] == 'x' &&
		(memcmp(p - 3, "en", 2) == 0 || memcmp(p - 3, "wl", 2) == 0 ||
		 memcmp(p - 3, "ww", 2) == 0));
}

static int write_plain(struct scrub *s, const char *mac, FILE *out)
{
	const char *other = pseudonym_of(s, mac, MAC_TEXT - 1);

	for (const char *p = other; p && *p; p++)
		if (*p != ':')
			fputc(*p, out);
	return other ? 0 : -ENOMEM;
}

/*
 * An interface's own IPv6 address as /proc/net/ipv6_route has it: the last 16
 * digits are its MAC address with fffe in the middle and one bit turned (RFC
 * 4291, appendix A).
 */
static bool spell_ipv6_mac(const char *p, char mac[MAC_TEXT])
{
	char digits[2 * MAC_BYTES + 1], byte[3];

	if (strncasecmp(p + 22, "fffe", 4) != 0)
		return false;
	memcpy(digits, p + 16, 6);
	memcpy(digits + 6, p + 26, 6);
	memcpy(byte, digits, 2);
	byte[2] = '\0';
	snprintf(byte, sizeof(byte), "%02x",
		 (unsigned)(strtoul(byte, NULL, 16) ^ 2) & 0xff);
	memcpy(digits, byte, 2);
	spell_mac(digits, 2, mac);
	return true;
}

static int write_ipv6(struct scrub *s, const char *p, const char *mac,
		      FILE *out)
{
	const char *other = pseudonym_of(s, mac, MAC_TEXT - 1);

	if (!other)
		return -ENOMEM;
	/* A pseudonym begins with 02, which the turned bit makes 00. */
	fwrite(p, 1, 16, out);
	fprintf(out, "00%.2s%.2sfffe%.2s%.2s%.2s", other + 3, other + 6,
		other + 9, other + 12, other + 15);
	return 0;
}

/*
 * Writes what stands for the digits at @p if there is a MAC address in them.
 * Returns how many characters that were, 0 for none, or -ENOMEM.
 */
static int replace_mac(struct scrub *s, const char *start, const char *p,
		       const char *end, FILE *out)
{
	size_t n = count_digits(p, end), pairs = count_pairs(p, end);
	char mac[MAC_TEXT];
	const char *other;

	/* A date has as many pairs, after its year. */
	if (p > start && p[-1] == '-')
		pairs = 0;
	/* 6 of Ethernet, 8 and 20 of InfiniBand */
	if (pairs == MAC_BYTES || pairs == 8 || pairs == 20) {
		int length = (int)(3 * pairs - 1);

		spell_mac(p, 3, mac);
		if (pairs == MAC_BYTES && is_nobody(mac))
			return 0;
		other = pairs == MAC_BYTES ?
				pseudonym_of(s, mac, MAC_TEXT - 1) :
				pseudonym_of(s, p, (size_t)length);
		if (!other)
			return -ENOMEM;
		fputs(other, out);
		return length;
	}
	if (n == 2 * MAC_BYTES) {
		spell_mac(p, 2, mac);
		if (is_plain_mac(s, start, p, mac))
			return write_plain(s, mac, out) < 0 ? -ENOMEM : (int)n;
	}
	if (n == 32 && spell_ipv6_mac(p, mac))
		return write_ipv6(s, p, mac, out) < 0 ? -ENOMEM : (int)n;
	return 0;
}

/* Skips the rest of what begins with a digit: "00:11", "deadbeef". */
static size_t skip_digits(const char *p, const char *end)
{
	size_t n = count_digits(p, end);

	while (p + n + 1 < end && p[n] == ':' &&
	       isxdigit((unsigned char)p[n + 1]))
		n += 1 + count_digits(p + n + 1, end);
	return n;
}

static int write_without_macs(struct scrub *s, const struct text *text,
			      FILE *out)
{
	const char *end = text->data + text->length;

	for (const char *p = text->data; p < end;) {
		int n = 0;
		size_t same = 1;

		if (isxdigit((unsigned char)*p)) {
			n = replace_mac(s, text->data, p, end, out);
			same = skip_digits(p, end);
		}
		if (n < 0)
			return n;
		if (n == 0)
			fwrite(p, 1, same, out);
		p += n ? (size_t)n : same;
	}
	return 0;
}

/* Values whose name tells what they are */

enum secrecy { NONE, SERIAL, COMPOSED, PASSWORD };

static bool ends_with(const char *word, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length >= n && strncasecmp(word + length - n, end, n) == 0;
}

/* Whether the value that the word before it names is secret. */
static enum secrecy secrecy_of(const char *start, const char *word,
			       size_t length)
{
	static const char *const serials[] = {
		"serial",
		"serial_short",
		"serialnumber",
		"serial_number",
		"uniq",
		"wwn",
		"wwn_with_extension",
		"wwn_vendor_extension",
	};

	if (ends_with(word, length, "passwd") ||
	    ends_with(word, length, "password"))
		return PASSWORD;
	/* udev's, of model and serial number */
	if (length == 9 && strncmp(word, "ID_SERIAL", 9) == 0)
		return COMPOSED;
	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++)
		if (ends_with(word, length, serials[i]))
			return SERIAL;
	if (length > 11 && strncmp(word, "SCSI_IDENT_", 11) == 0)
		return SERIAL;
	/* in /proc/driver/nvidia */
	if (length == 4 && word - start >= 4 &&
	    strncmp(word - 4, "GPU UUID", 8) == 0)
		return SERIAL;
	return NONE;
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The value after the word that ends at @p: "word=value", "word : value",
 * "<word>value", "'word'>value", with quotes or without. Returns its begin and
 * sets its length; NULL when there is none.
 */
static const char *find_value(const char *p, const char *end, bool in_tag,
			      size_t *ret)
{
	const char *stop = NULL;
	size_t n = 0;

	if (p < end && is_quote(*p)) {
		in_tag = true;
		p++;
	}
	while (p < end && is_blank(*p))
		p++;
	if (p >= end || !(*p == '=' || *p == ':' || (*p == '>' && in_tag)))
		return NULL;
	for (p++; p < end && is_blank(*p); p++)
		;
	if (p < end && is_quote(*p)) {
		stop = memchr(p + 1, *p, (size_t)(end - p - 1));
		p++;
	}
	while (p + n < end && p + n != stop && p[n] && p[n] != '\n' &&
	       (stop || !strchr(" \t\r\"'<>,;&", p[n])))
		n++;
	*ret = n;
	return n ? p : NULL;
}

/* Writes what stands for a value. */
static int write_value(struct scrub *s, enum secrecy secrecy, const char *value,
		       size_t length, FILE *out)
{
	AUTO_TEXT struct text text = { strndup(value, length), length };
	AUTO_TEXT struct text before = { strndup(value, length), length };
	const char *other = NULL;

	if (!text.data || !before.data)
		return -ENOMEM;
	if (secrecy == PASSWORD)
		other = "REMOVED";
	else if (s->keep || is_mac(value, length))
		other = value;
	else if (replace_words(s, &text, false) < 0)
		return -ENOMEM;
	else if (text.length != before.length ||
		 memcmp(text.data, before.data, text.length) != 0)
		other = text.data;
	else if (secrecy == COMPOSED && !s->composed)
		return 0;
	if (!other)
		other = pseudonym_of(s, value, length);
	if (!other)
		return -ENOMEM;
	fwrite(other, 1, other == value ? length : strlen(other), out);
	return 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static int write_without_values(struct scrub *s, const struct text *text,
				FILE *out)
{
	const char *end = text->data + text->length, *from = text->data;

	for (const char *p = text->data; p < end;) {
		const char *word = p, *value = NULL;
		enum secrecy secrecy;
		size_t length = 0;

		while (p < end && is_word(*p))
			p++;
		secrecy = secrecy_of(text->data, word, (size_t)(p - word));
		if (secrecy != NONE)
			value = find_value(p, end,
					   word > text->data && word[-1] == '<',
					   &length);
		if (value) {
			fwrite(from, 1, (size_t)(value - from), out);
			if (write_value(s, secrecy, value, length, out) < 0)
				return -ENOMEM;
			p = from = value + length;
		} else if (p < end) {
			p++;
		}
	}
	fwrite(from, 1, (size_t)(end - from), out);
	return 0;
}

/* The passes over one text, and the order of them */

static int rewrite(struct scrub *s, struct text *text,
		   int (*write)(struct scrub *s, const struct text *text,
				FILE *out))
{
	struct text changed = { NULL, 0 };
	FILE *out = open_memstream(&changed.data, &changed.length);
	int r;

	if (!out)
		return -ENOMEM;
	r = write(s, text, out);
	if (fclose(out) != 0)
		r = -ENOMEM;
	if (r < 0) {
		free(changed.data);
		return r;
	}
	free(text->data);
	*text = changed;
	return 0;
}

/* Replaces what is secret in a name or a link. */
static int scrub_name(struct scrub *s, char **name)
{
	struct text text = { *name, strlen(*name) };
	int r = rewrite(s, &text, write_without_macs);

	if (r == 0)
		r = replace_words(s, &text, false);
	*name = text.data;
	return r;
}

static int scrub_text(struct scrub *s, struct text *text, bool host)
{
	int r = rewrite(s, text, write_without_values);

	if (r == 0 && !s->keep)
		r = rewrite(s, text, write_without_macs);
	return r < 0 || s->keep ? r : replace_words(s, text, host);
}

/* Contents that are a serial number or a MAC address, and a newline. */
static int scrub_serial(struct scrub *s, struct text *text)
{
	const char *start = text->data;
	size_t length = text->length;
	struct text changed = { NULL, 0 };
	const char *other;

	while (length && isspace((unsigned char)start[length - 1]))
		length--;
	for (; length && isspace((unsigned char)*start); length--)
		start++;
	if (length == 0 || s->keep)
		return 0;
	if (count_pairs(start, start + length) >= MAC_BYTES)
		return rewrite(s, text, write_without_macs);
	other = pseudonym_of(s, start, length);
	if (!other)
		return -ENOMEM;
	changed.data = hd_text("%s\n", other);
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
	AUTO_TEXT struct text copy = { malloc(entry->length + 1),
				       entry->length };

	if (!copy.data)
		return -ENOMEM;
	memcpy(copy.data, entry->data, entry->length + 1);
	return entry->policy.content == HD_CONTENT_SERIAL ?
		       scrub_serial(s, &copy) :
	       entry->policy.content == HD_CONTENT_BINARY ?
		       0 :
		       rewrite(s, &copy, write_without_values);
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
	}
	return r;
}

static int scrub_entry(struct scrub *s, struct hd_recorded *entry)
{
	struct text text = { entry->data, entry->length };
	int r;

	if (S_ISREG(entry->mode)) {
		r = scrub_contents(s, entry, &text);
		entry->data = text.data;
		entry->length = text.length;
		if (r < 0 || s->keep)
			return r;
	}
	if (s->keep)
		return 0;
	if (entry->policy.content == HD_CONTENT_HOST) {
		free(entry->path);
		entry->path = NULL;
		return 0;
	}
	r = scrub_name(s, &entry->path);
	if (r == 0 && S_ISLNK(entry->mode)) {
		r = scrub_name(s, &entry->data);
		entry->length = strlen(entry->data);
	}
	return r;
}

static int scrub_all(struct scrub *s, struct hd_recording *record)
{
	int r = 0;

	if (!s->keep)
		r = learn(s, record);
	/* Only now is it known which of them have a serial inside. */
	s->composed = true;
	if (r == 0 && !s->keep)
		r = learn(s, record);
	for (size_t i = 0; r == 0 && i < record->n; i++)
		r = scrub_entry(s, record->entries[i]);
	for (size_t i = 0; r == 0 && !s->keep && i < record->misses.n; i++)
		r = scrub_name(s, &record->misses.items[i].path);
	return r;
}

int hd_scrub_record(struct hd_recording *record, struct hd_err *err)
{
	AUTO_SCRUB struct scrub s = { .keep = record->serials };

	return scrub_all(&s, record) < 0 ? hd_err_nomem(err) : 0;
}
