// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

__attribute__((format(printf, 1, 0))) static char *
format_text(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

int hd_err_set(struct hd_err *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return -code;
	hd_err_clear(err);
	va_start(args, format);
	err->message = format_text(format, args);
	va_end(args);
	err->code = code;
	return -code;
}

void hd_err_fix(struct hd_err *err, const char *format, ...)
{
	va_list args;

	if (!err)
		return;
	free(err->fix);
	va_start(args, format);
	err->fix = format_text(format, args);
	va_end(args);
}

void hd_err_wrap(struct hd_err *err, const char *format, ...)
{
	HD_AUTOFREE char *context = NULL;
	char *whole;
	va_list args;

	if (!err)
		return;
	va_start(args, format);
	context = format_text(format, args);
	va_end(args);
	if (context &&
	    asprintf(&whole, "%s: %s", context, hd_err_message(err)) >= 0) {
		free(err->message);
		err->message = whole;
	}
}

int hd_err_nomem(struct hd_err *err)
{
	return hd_err_set(err, ENOMEM, "out of memory");
}

const char *hd_err_message(const struct hd_err *err)
{
	return err->message ? err->message : strerror(err->code);
}

void hd_err_clear(struct hd_err *err)
{
	free(err->message);
	free(err->fix);
	memset(err, 0, sizeof(*err));
}
