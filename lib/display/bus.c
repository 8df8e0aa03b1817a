// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define SONAME "libsystemd.so.0"

/* sd_booted(3) looks for this folder. */
#define BOOTED "/run/systemd/system"

#define SOCKET "/run/dbus/system_bus_socket"

/* Of a sentence that others made. */
#define SENTENCE_LIMIT 300

HD_DL_NOTE("units", "Stopping and starting the display manager", "suggested",
	   SONAME);

#define HD_DL_TABLE struct hd_bus_api

static const struct hd_dl_symbol symbols[] = { HD_BUS_FUNCTIONS(HD_DL_SYMBOL) };

int hd_bus_failed(int r, struct hd_err *err)
{
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r == -ETIMEDOUT)
		return hd_err_set(err, ETIMEDOUT,
				  "there is no answer on the system bus");
	if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE)
		return hd_err_set(err, -r,
				  "the system bus has closed the connection");
	return hd_err_set(err, -r, "the system bus can't be used: %s",
			  strerror(-r));
}

/* What says that something isn't there. */
static bool is_absent(const char *name)
{
	static const char *const names[] = {
		"org.freedesktop.systemd1.NoSuchUnit",
		"org.freedesktop.login1.NoSuchSession",
		"org.freedesktop.login1.NoSuchUser",
		"org.freedesktop.DBus.Error.UnknownObject",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Fails with what came in place of a reply. */
static int fail(struct hd_bus *bus, const struct hd_bus_object *object, int r,
		sd_bus_error *error, struct hd_err *err)
{
	if (error->name && is_absent(error->name))
		r = -ENOENT;
	else if (r == -ENOENT || r == -ENOTSUP)
		r = -EIO; /* that is something else, see the header */
	if (r == -ETIMEDOUT)
		hd_err_set(err, ETIMEDOUT, "%s doesn't answer", object->who);
	else if (r == -ENOMEM || !error->message || r == -ENOTCONN ||
		 r == -ECONNRESET || r == -EPIPE)
		hd_bus_failed(r, err);
	else
		hd_err_set(err, -r, "%s says: %.*s", object->who,
			   SENTENCE_LIMIT, error->message);
	bus->api.sd_bus_error_free(error);
	return r;
}

/* What there is to be here, and what is said without, by which errno. */
static int find(const struct hd_host *host, const char *path, int code,
		const char *missing, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_host_openat(host, path, O_PATH, &fd);

	if (seen.is == HD_ABSENT)
		return hd_err_set(err, code, "%s", missing);
	if (seen.is == HD_UNKNOWN)
		return hd_err_set(err, -seen.error, "%s can't be looked at: %s",
				  path, strerror(-seen.error));
	return 0;
}

static uint64_t until_deadline(const struct hd_bus *bus)
{
	int64_t left = bus->deadline - hd_now_ms();

	/* 0 would stand for what the library thinks right. */
	return left > 0 ? (uint64_t)left * 1000 : 1;
}

/* Until we are known on the bus. */
static int connect_to(struct hd_bus *bus, struct hd_err *err)
{
	int r = bus->api.sd_bus_new(&bus->bus);

	if (r >= 0)
		r = bus->api.sd_bus_set_address(bus->bus, "unix:path=" SOCKET);
	if (r >= 0)
		r = bus->api.sd_bus_set_bus_client(bus->bus, true);
	/* We are to be the first whose patience ends. */
	if (r >= 0)
		r = bus->api.sd_bus_set_method_call_timeout(
			bus->bus, until_deadline(bus) + 1000000);
	if (r >= 0)
		r = bus->api.sd_bus_start(bus->bus);
	if (r < 0)
		return hd_bus_failed(r, err);
	while ((r = bus->api.sd_bus_is_ready(bus->bus)) == 0) {
		r = hd_bus_turn(bus, bus->deadline, err);
		if (r < 0)
			return r == -ETIME ? hd_bus_failed(-ETIMEDOUT, err) : r;
	}
	return r < 0 ? hd_bus_failed(r, err) : 0;
}

int hd_bus_open(const struct hd_host *host, unsigned seconds,
		struct hd_bus *ret, struct hd_err *err)
{
	HD_AUTO_BUS struct hd_bus bus = { .bus = NULL };
	int r;

	if (!host->live)
		return hd_err_set(err, ENOTSUP,
				  "a copy of a host has no systemd that runs");
	r = find(host, BOOTED, ENOTSUP, "this host wasn't started by systemd",
		 err);
	if (r == 0)
		r = find(host, SOCKET, ENOTCONN,
			 "systemd can't be reached, as there is no " SOCKET,
			 err);
	if (r < 0)
		return r;
	if (hd_dl_load(SONAME, symbols, sizeof(symbols) / sizeof(symbols[0]),
		       &bus.api) < 0)
		return hd_err_set(err, ELIBACC,
				  "systemd can't be reached, as " SONAME
				  ", of version 246 or newer, can't be loaded");
	bus.deadline = hd_now_ms() + (int64_t)seconds * 1000;
	r = connect_to(&bus, err);
	if (r < 0)
		return r;
	*ret = bus;
	bus.bus = NULL;
	return 0;
}

int hd_bus_call(struct hd_bus *bus, const struct hd_bus_object *object,
		const char *method, sd_bus_message **ret_reply,
		struct hd_err *err, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	va_list args;
	int r = bus->api.sd_bus_set_method_call_timeout(bus->bus,
							until_deadline(bus));

	if (r < 0)
		return hd_bus_failed(r, err);
	va_start(args, types);
	r = bus->api.sd_bus_call_methodv(
		bus->bus, object->service, object->path, object->interface,
		method, &error, ret_reply, types, args);
	va_end(args);
	return r < 0 ? fail(bus, object, r, &error, err) : 0;
}

int hd_bus_get(struct hd_bus *bus, const struct hd_bus_object *object,
	       const char *property, const char *type,
	       sd_bus_message **ret_reply, struct hd_err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = bus->api.sd_bus_set_method_call_timeout(bus->bus,
							until_deadline(bus));

	if (r < 0)
		return hd_bus_failed(r, err);
	r = bus->api.sd_bus_get_property(bus->bus, object->service,
					 object->path, object->interface,
					 property, &error, ret_reply, type);
	return r < 0 ? fail(bus, object, r, &error, err) : 0;
}

int hd_bus_get_number(struct hd_bus *bus, const struct hd_bus_object *object,
		      const char *property, char type, uint64_t *ret,
		      struct hd_err *err)
{
	const char types[] = { type, '\0' };
	sd_bus_message *reply;
	uint64_t wide = 0;
	uint32_t narrow = 0;
	int r = hd_bus_get(bus, object, property, types, &reply, err), truth;

	if (r < 0)
		return r;
	switch (type) {
	case 't':
		r = bus->api.sd_bus_message_read(reply, types, &wide);
		break;
	case 'u':
		r = bus->api.sd_bus_message_read(reply, types, &narrow);
		wide = narrow;
		break;
	default:
		r = bus->api.sd_bus_message_read(reply, types, &truth);
		wide = r > 0 && truth;
	}
	hd_bus_done(bus, reply);
	if (r <= 0)
		return hd_bus_failed(r < 0 ? r : -EBADMSG, err);
	*ret = wide;
	return 0;
}

/* Copies what the only argument of a reply says. */
static int read_text(struct hd_bus *bus, sd_bus_message *reply,
		     const char *type, size_t limit, char **ret,
		     struct hd_err *err)
{
	const char *text;
	int r = bus->api.sd_bus_message_read(reply, type, &text);

	if (r > 0 && strlen(text) > limit)
		r = -EPROTO;
	if (r <= 0)
		return hd_bus_failed(r < 0 ? r : -EBADMSG, err);
	*ret = strdup(text);
	return *ret ? 0 : hd_err_nomem(err);
}

int hd_bus_get_text(struct hd_bus *bus, const struct hd_bus_object *object,
		    const char *property, size_t limit, char **ret,
		    struct hd_err *err)
{
	sd_bus_message *reply;
	int r = hd_bus_get(bus, object, property, "s", &reply, err);

	if (r < 0)
		return r;
	r = read_text(bus, reply, "s", limit, ret, err);
	hd_bus_done(bus, reply);
	return r;
}

int hd_bus_read_path(struct hd_bus *bus, sd_bus_message *reply, char **ret,
		     struct hd_err *err)
{
	return read_text(bus, reply, "o", SIZE_MAX, ret, err);
}

int hd_bus_turn(struct hd_bus *bus, int64_t until, struct hd_err *err)
{
	int64_t left = until - hd_now_ms();
	int r;

	/* First: whoever sends us signals without end doesn't stop the clock.
	 */
	if (left <= 0)
		return -ETIME;
	r = bus->api.sd_bus_process(bus->bus, NULL);
	if (r == 0)
		r = bus->api.sd_bus_wait(bus->bus, (uint64_t)left * 1000);
	return r < 0 && r != -EINTR ? hd_bus_failed(r, err) : 0;
}

void hd_bus_done(struct hd_bus *bus, sd_bus_message *reply)
{
	bus->api.sd_bus_message_unref(reply);
}

void hd_bus_close(struct hd_bus *bus)
{
	if (bus->bus)
		bus->api.sd_bus_close_unref(bus->bus);
	bus->bus = NULL;
}
