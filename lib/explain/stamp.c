// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No stamp is longer, with what stands before it. */
#define STAMP_SIZE 64

#define DAY (24 * 60 * 60)

/* "+01:00", "+0000", "Z" or none. */
static int64_t with_zone(struct tm *tm, const char *zone, bool *ret_local)
{
	unsigned hours, minutes;
	int seconds;

	if (*zone == 'Z')
		return timegm(tm);
	if ((*zone != '+' && *zone != '-') ||
	    (sscanf(zone + 1, "%2u:%2u", &hours, &minutes) != 2 &&
	     sscanf(zone + 1, "%2u%2u", &hours, &minutes) != 2)) {
		*ret_local = true;
		tm->tm_isdst = -1;
		return mktime(tm);
	}
	seconds = (int)(hours * 60 + minutes) * 60;
	return timegm(tm) + (*zone == '-' ? seconds : -seconds);
}

static int64_t read_iso(const char *text, bool *ret_local)
{
	struct tm tm = { .tm_year = 0 };
	const char *rest = strptime(text, "%Y-%m-%d", &tm);

	if (!rest || (*rest != ' ' && *rest != 'T'))
		return -1;
	rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (!rest)
		return -1;
	if (*rest == '.' || *rest == ',')
		rest += 1 + strspn(rest + 1, "0123456789");
	return with_zone(&tm, rest, ret_local);
}

/* The month's name, whatever the locale: this program sets none. */
static int64_t read_syslog(const char *text, time_t now)
{
	struct tm tm = { .tm_year = 0 }, today;
	int64_t stamp;

	if (!strptime(text, "%b %d %H:%M:%S", &tm) ||
	    !localtime_r(&now, &today))
		return -1;
	tm.tm_year = today.tm_year;
	tm.tm_isdst = -1;
	stamp = mktime(&tm);
	if (stamp <= now + DAY)
		return stamp;
	tm.tm_year--;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

static int64_t read_kernel(const char *text)
{
	struct tm tm = { .tm_year = 0 };

	if (*text != '[' || !strptime(text + 1, "%a %b %d %H:%M:%S %Y", &tm))
		return -1;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* The beginning of a line, past what mails and tables put before it. */
static const char *cut(const char *line, size_t n, char text[STAMP_SIZE])
{
	n = n < STAMP_SIZE - 1 ? n : STAMP_SIZE - 1;
	memcpy(text, line, n);
	text[n] = '\0';
	return text + strspn(text, " \t>|");
}

int64_t hd_stamp_read(const char *line, size_t n, time_t now, bool *ret_local)
{
	char text[STAMP_SIZE];
	const char *p = cut(line, n, text);
	bool local = false;
	int64_t stamp = read_iso(p, &local);

	if (stamp < 0) {
		local = true;
		stamp = read_syslog(p, now);
	}
	if (stamp < 0)
		stamp = read_kernel(p);
	if (ret_local)
		*ret_local = local;
	return stamp;
}

int64_t hd_stamp_uptime(const char *line, size_t n)
{
	char text[STAMP_SIZE];
	const char *p = cut(line, n, text);
	long seconds;
	int length = 0;

	if (sscanf(p, "[%9ld.%*6[0-9]]%n", &seconds, &length) != 1 || !length ||
	    seconds < 0)
		return -1;
	return seconds;
}

static int64_t read_age(const char *text, time_t now)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = { { "m", 60 }, { "h", 60 * 60 }, { "d", DAY } };
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || n < 0 || n > 1000000)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			return now - n * units[i].seconds;
	return -1;
}

int64_t hd_stamp_since(const char *text, time_t now)
{
	static const char *const formats[] = { "%Y-%m-%d %H:%M:%S",
					       "%Y-%m-%d %H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = { .tm_year = 0 };
		const char *rest = strptime(text, formats[i], &tm);

		tm.tm_isdst = -1;
		if (rest && !*rest)
			return mktime(&tm);
	}
	return read_age(text, now);
}
