// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/normal.h"

#include <stdbool.h>
#include <string.h>

struct input {
	const char *p, *end;
};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The character at @in, behind the line ends of a wrapped log; '\0' at the end.
 */
static char peek(struct input *in)
{
	while (in->p < in->end && (*in->p == '\n' || *in->p == '\r'))
		in->p++;
	return in->p < in->end ? *in->p : '\0';
}

/* Reads up to @max hexadecimal digits; returns how many there were. */
static int take_hex(struct input *in, int max, uint32_t *ret)
{
	uint32_t value = 0;
	int n = 0;

	for (; n < max && hex_of(peek(in)) >= 0; n++)
		value = value << 4 | (uint32_t)hex_of(*in->p++);
	*ret = value;
	return n;
}

static bool take(struct input *in, char c)
{
	if (peek(in) != c)
		return false;
	in->p++;
	return true;
}

/*
 * Reads "[0000:]01:00.0" or, with @separators "___", "0000_01_00_0". Returns
 * its length, or 0 when there is none.
 */
static size_t take_addr(struct input in, const char *separators,
			struct hd_addr *ret)
{
	const char *start = in.p;
	uint32_t domain = 0, bus, slot, function;
	int n = take_hex(&in, 8, &bus);

	/* Not "device a", and the address in the next line. */
	if (n != 2 && n != 4 && memchr(start, '\n', (size_t)(in.p - start)))
		return 0;
	if (n >= 4 && take(&in, separators[0])) {
		domain = bus;
		n = take_hex(&in, 2, &bus);
	} else if (*separators == '_') {
		return 0;
	}
	if (n != 2 || !take(&in, separators[1]) ||
	    take_hex(&in, 2, &slot) != 2 || slot > 0x1f ||
	    !take(&in, separators[2]) || take_hex(&in, 1, &function) != 1 ||
	    function > 7)
		return 0;
	/* A line that ends here has ended: the next one is another word. */
	if (in.p < in.end && is_alnum(*in.p))
		return 0;
	*ret = (struct hd_addr){ domain, (uint8_t)bus, (uint8_t)slot,
				 (uint8_t)function };
	return (size_t)(in.p - start);
}

/* The length of what reads as a PCI address at @p, or 0. */
static size_t find_addr(const char *p, const char *end, struct hd_addr *ret)
{
	static const char nodedev[] = "pci_";
	size_t n = sizeof(nodedev) - 1, length;

	if (hex_of(*p) >= 0)
		return take_addr((struct input){ p, end }, "::.", ret);
	if ((size_t)(end - p) <= n || memcmp(p, nodedev, n) != 0)
		return 0;
	length = take_addr((struct input){ p + n, end }, "___", ret);
	return length ? length + n : 0;
}

/*
 * Whether an address of @length can begin after @c: not inside a word, and
 * without a domain not inside the time "04:05:06.1".
 */
static bool may_follow(char c, size_t length)
{
	return !is_alnum(c) && c != '.' && c != '_' &&
	       (c != ':' || length >= sizeof("0000:01:00.0") - 1);
}

/* The length of the PCI address at @p in the text that begins at @raw, or 0. */
static size_t addr_at(const char *raw, const char *p, const char *end,
		      struct hd_addr *ret)
{
	size_t length = find_addr(p, end, ret);

	return length && (p == raw || may_follow(p[-1], length)) ? length : 0;
}

/* "ESC [ 3 1 m": what steers a terminal. */
static size_t skip_escape(const char *p, const char *end)
{
	const char *start = p++;

	if (p == end || *p != '[')
		return 1;
	for (p++; p < end && (unsigned char)*p >= 0x20; p++)
		if (*p >= '@' && *p <= '~')
			return (size_t)(p + 1 - start);
	return (size_t)(p - start);
}

/*
 * The length of a character beyond ASCII that is a blank or a quote: U+00A0,
 * U+00AB, U+00B4, U+00BB, U+2000 to U+200F, U+2018 to U+201F, U+FEFF.
 */
static size_t skip_typography(const char *p, const char *end)
{
	const unsigned char *c = (const unsigned char *)p;

	if (end - p >= 2 && c[0] == 0xc2 &&
	    (c[1] == 0xa0 || c[1] == 0xab || c[1] == 0xb4 || c[1] == 0xbb))
		return 2;
	if (end - p < 3)
		return 0;
	if (c[0] == 0xe2 && c[1] == 0x80 &&
	    (c[2] <= 0x8f || (c[2] >= 0x98 && c[2] <= 0x9f)))
		return 3;
	return memcmp(c, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* The length of what counts for nothing at @p, 0 when it counts. */
static size_t skip_nothing(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;

	if (c == 0x1b)
		return skip_escape(p, end);
	if (c <= ' ' || c == 0x7f || c == '"' || c == '\'' || c == '`' ||
	    c == '\\')
		return 1;
	return c & 0x80 ? skip_typography(p, end) : 0;
}

static bool add_addr(struct hd_normalized *normalized, struct hd_addr addr)
{
	if (normalized->n_addrs == HD_LOG_ENTRY_ADDRS)
		return false;
	normalized->addrs[normalized->n_addrs++] =
		(struct hd_mention){ normalized->n, addr };
	return true;
}

static void begin_line(struct hd_normalized *normalized)
{
	if (normalized->n_lines < HD_LOG_ENTRY_LINES)
		normalized->lines[normalized->n_lines++] = normalized->n;
}

static void begin_lines(struct hd_normalized *normalized, const char *p,
			size_t n)
{
	const char *end = p + n;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		begin_line(normalized);
		p++;
	}
}

void hd_normalize(struct hd_normalized *ret, const char *raw, size_t n)
{
	const char *p = raw, *end = raw + n;

	ret->n = ret->n_addrs = ret->n_lines = 0;
	begin_line(ret);
	while (p < end) {
		struct hd_addr addr;
		size_t length = skip_nothing(p, end);
		char c = *p;

		if (length) {
			if (c == '\n')
				begin_line(ret);
			p += length;
			continue;
		}
		length = addr_at(raw, p, end, &addr);
		if (length && add_addr(ret, addr)) {
			ret->text[ret->n++] = HD_ADDR_BYTE;
			begin_lines(ret, p, length);
			p += length;
			continue;
		}
		ret->text[ret->n++] =
			c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		p++;
	}
}
