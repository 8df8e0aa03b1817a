// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/gunzip.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "lib/cleanup.h"
#include "lib/dl.h"

#define SONAME "libz.so.1"
#define FIRST_SIZE (256 * 1024)

/* windowBits of inflateInit2(): the largest window, and gzip's header. */
#define GZIP_WINDOW (15 + 16)

/* What is used of zlib, see dl.h. */
#define FUNCTIONS(F)                                                           \
	F(inflate)                                                             \
	F(inflateEnd)                                                          \
	F(inflateInit2_)

struct zlib_api {
	FUNCTIONS(HD_DL_MEMBER)
};

#define HD_DL_TABLE struct zlib_api

static const struct hd_dl_symbol symbols[] = { FUNCTIONS(HD_DL_SYMBOL) };

/* What has come out so far. */
struct output {
	char *text;
	size_t size, length;
};

/* Makes room for at least one byte and the final NUL. */
static int grow(struct output *output)
{
	size_t larger = output->size ? output->size * 2 : FIRST_SIZE;
	char *grown;

	if (output->length + 1 < output->size)
		return 0;
	grown = realloc(output->text, larger);
	if (!grown)
		return -ENOMEM;
	output->text = grown;
	output->size = larger;
	return 0;
}

static int run(const struct zlib_api *api, z_stream *stream, size_t limit,
	       struct output *output)
{
	int r = Z_OK;

	while (r == Z_OK) {
		uInt room;

		if (grow(output) < 0)
			return -ENOMEM;
		room = (uInt)(output->size - output->length - 1);
		stream->next_out = (Bytef *)output->text + output->length;
		stream->avail_out = room;
		r = api->inflate(stream, Z_NO_FLUSH);
		output->length += room - stream->avail_out;
		if (output->length > limit)
			return -EFBIG;
	}
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	return r == Z_STREAM_END ? 0 : -EBADMSG;
}

int hd_gunzip(const char *data, size_t length, size_t limit, char **ret,
	      size_t *ret_length)
{
	/* zlib doesn't change what it reads; its old prototype lacks const. */
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)data };
	struct output output = { NULL, 0, 0 };
	struct zlib_api api;
	int r = hd_dl_load(SONAME, symbols,
			   sizeof(symbols) / sizeof(symbols[0]), &api);

	if (r < 0)
		return r;
	if (length > limit)
		return -EFBIG;
	stream.avail_in = (uInt)length;
	if (api.inflateInit2_(&stream, GZIP_WINDOW, ZLIB_VERSION,
			      (int)sizeof(stream)) != Z_OK)
		return -ENOMEM;
	r = run(&api, &stream, limit, &output);
	api.inflateEnd(&stream);
	if (r < 0) {
		free(output.text);
		return r;
	}
	output.text[output.length] = '\0';
	*ret = output.text;
	*ret_length = output.length;
	return 0;
}
