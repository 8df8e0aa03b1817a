// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct stream {
	char **ret;
	size_t *ret_size;
	char *text; /* owned */
	size_t length, room;
	bool failed;
};

static bool grow(struct stream *stream, size_t more)
{
	size_t room = stream->room;
	char *grown;

	while (room - stream->length <= more)
		if (__builtin_mul_overflow(room, 2, &room))
			return false;
	if (room == stream->room)
		return true;
	grown = realloc(stream->text, room);
	if (!grown)
		return false;
	stream->text = grown;
	stream->room = room;
	return true;
}

static ssize_t on_write(void *cookie, const char *text, size_t n)
{
	struct stream *stream = cookie;

	stream->failed |= !grow(stream, n);
	if (stream->failed)
		return 0;
	memcpy(stream->text + stream->length, text, n);
	stream->length += n;
	stream->text[stream->length] = '\0';
	return (ssize_t)n;
}

static int on_close(void *cookie)
{
	struct stream *stream = cookie;
	bool failed = stream->failed;

	if (failed) {
		free(stream->text);
		stream->text = NULL;
	}
	*stream->ret = stream->text;
	*stream->ret_size = stream->length;
	free(stream);
	if (failed)
		errno = ENOMEM;
	return failed ? -1 : 0;
}

static void discard(struct stream *stream)
{
	if (stream)
		free(stream->text);
	free(stream);
}

FILE *hd_stream_open(char **ret, size_t *ret_size)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	FILE *file = NULL;

	*ret = NULL;
	if (stream) {
		*stream = (struct stream){ ret, ret_size, calloc(1, 64),
					   0,	64,	  false };
		if (stream->text)
			file = fopencookie(
				stream, "w",
				(cookie_io_functions_t){ .write = on_write,
							 .close = on_close });
	}
	if (!file)
		discard(stream);
	return file;
}

char *hd_stream_text(FILE *file, char **text)
{
	return fclose(file) == 0 ? *text : NULL;
}
