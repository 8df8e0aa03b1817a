// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/tags.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "xml/doc/limit.h"

struct scan {
	const char *text, *at, *end;
};

static size_t line_of(const struct scan *scan, const char *at)
{
	size_t line = 1;

	for (const char *p = scan->text; p < at; p++)
		line += *p == '\n';
	return line;
}

/* Goes behind the next @what, or to the end. */
static void skip_to(struct scan *scan, const char *what)
{
	const char *found = memmem(scan->at, (size_t)(scan->end - scan->at),
				   what, strlen(what));

	scan->at = found ? found + strlen(what) : scan->end;
}

static bool begins_with(const struct scan *scan, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(scan->end - scan->at) >= n &&
	       memcmp(scan->at, what, n) == 0;
}

/* What begins like a tag and is none. */
static bool skip_other(struct scan *scan)
{
	static const struct {
		const char *begin, *end;
	} others[] = { { "!--", "-->" }, { "![CDATA[", "]]>" }, { "?", "?>" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!begins_with(scan, others[i].begin))
			continue;
		scan->at += strlen(others[i].begin);
		skip_to(scan, others[i].end);
		return true;
	}
	return false;
}

/* Counts the values in a tag, each of which is an attribute's. */
static int check_tag(struct scan *scan, struct hd_err *err)
{
	const char *start = scan->at;
	size_t n = 0;

	for (; scan->at < scan->end && *scan->at != '>'; scan->at++) {
		const char *close;

		if (*scan->at != '"' && *scan->at != '\'')
			continue;
		if (++n > HD_LIMIT_ATTRIBUTES)
			return hd_err_set(
				err, E2BIG,
				"line %zu of the XML: an element has more than %d attributes",
				line_of(scan, start), HD_LIMIT_ATTRIBUTES);
		close = memchr(scan->at + 1, *scan->at,
			       (size_t)(scan->end - scan->at - 1));
		if (!close)
			break;
		scan->at = close;
	}
	return 0;
}

/* Whether the declaration, or what stands before it, names another encoding:
 * its tags would be other bytes than those that are looked for here. */
static bool is_foreign(struct scan scan)
{
	/* UTF-16 both ways, and EBCDIC, by which libxml2 knows them. */
	static const char *const others[] = { "\xff\xfe", "\xfe\xff",
					      "\x4c\x6f\xa7\x94" };
	const char *close;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (begins_with(&scan, others[i]))
			return true;
	if (begins_with(&scan, "\xef\xbb\xbf"))
		scan.at += 3;
	if (!begins_with(&scan, "<?xml"))
		return false;
	close = memchr(scan.at, '>', (size_t)(scan.end - scan.at));
	scan.end = close ? close : scan.end;
	skip_to(&scan, "encoding");
	while (scan.at < scan.end && strchr(" \t\r\n=\"'", *scan.at))
		scan.at++;
	return scan.at < scan.end && (scan.end - scan.at < 6 ||
				      strncasecmp(scan.at, "UTF-8", 5) != 0 ||
				      !strchr("\"'", scan.at[5]));
}

static int check_bytes(const struct scan *scan, struct hd_err *err)
{
	const char *nul =
		memchr(scan->text, '\0', (size_t)(scan->end - scan->text));

	if (is_foreign(*scan))
		return hd_err_set(
			err, EINVAL,
			"line 1 of the XML: it has another encoding than UTF-8");
	return nul ? hd_err_set(err, EINVAL,
				"line %zu of the XML: it has a NUL",
				line_of(scan, nul)) :
		     0;
}

int hd_tags_check(const char *text, size_t length, struct hd_err *err)
{
	struct scan scan = { text, text, text + length };
	int r = check_bytes(&scan, err);

	while (r == 0 && scan.at < scan.end) {
		skip_to(&scan, "<");
		if (!skip_other(&scan))
			r = check_tag(&scan, err);
	}
	return r;
}
