/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_BUS_H
#define HD_LIB_DISPLAY_BUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "lib/base/dl.h"
#include "lib/base/err.h"
#include "lib/host/host.h"

/*
 * The system bus of this host, by which systemd and logind are spoken to; see
 * org.freedesktop.systemd1(5) and org.freedesktop.login1(5). What they say is
 * others' text: names that are kept are bounded, and read strictly.
 */

/* What is used of libsystemd, see dl.h. */
#define HD_BUS_FUNCTIONS(F)                                                    \
	F(sd_bus_new)                                                          \
	F(sd_bus_set_address)                                                  \
	F(sd_bus_set_bus_client)                                               \
	F(sd_bus_set_method_call_timeout)                                      \
	F(sd_bus_start)                                                        \
	F(sd_bus_is_ready)                                                     \
	F(sd_bus_process)                                                      \
	F(sd_bus_wait)                                                         \
	F(sd_bus_match_signal)                                                 \
	F(sd_bus_call_methodv)                                                 \
	F(sd_bus_get_property)                                                 \
	F(sd_bus_message_read)                                                 \
	F(sd_bus_message_enter_container)                                      \
	F(sd_bus_message_exit_container)                                       \
	F(sd_bus_message_get_sender)                                           \
	F(sd_bus_message_unref)                                                \
	F(sd_bus_error_free)                                                   \
	F(sd_bus_close_unref)

struct hd_bus_api {
	HD_BUS_FUNCTIONS(HD_DL_MEMBER)
};

struct hd_bus {
	struct hd_bus_api api;
	sd_bus *bus;
	int64_t deadline; /* of hd_now_ms(); may be put off */
};

#define HD_AUTO_BUS __attribute__((cleanup(hd_bus_close)))

/* Somebody's object, and one of its interfaces. */
struct hd_bus_object {
	const char *who; /* in sentences: "systemd" */
	const char *service, *path, *interface;
};

/*
 * Connects to the system bus; its address is never the environment's. All that
 * is done with it has to be done within @seconds.
 *
 * Returns 0; -ENOTSUP when this host wasn't started by systemd, and for a
 * copied tree; another negative errno when it was, but can't be spoken to, as
 * without the bus or libsystemd. All have half a sentence in @err.
 */
int hd_bus_open(const struct hd_host *host, unsigned seconds,
		struct hd_bus *ret, struct hd_err *err);

/*
 * Calls a method with arguments of the given types, as sd_bus_call_method(3).
 * @ret_reply may be NULL; otherwise the caller ends it with hd_bus_done().
 *
 * Returns 0; -ENOENT when there is no such unit, session, user or object, and
 * another negative errno, both with half a sentence in @err.
 */
int hd_bus_call(struct hd_bus *bus, const struct hd_bus_object *object,
		const char *method, sd_bus_message **ret_reply,
		struct hd_err *err, const char *types, ...);

/* The same of a property; @type is what it has to be. */
int hd_bus_get(struct hd_bus *bus, const struct hd_bus_object *object,
	       const char *property, const char *type,
	       sd_bus_message **ret_reply, struct hd_err *err);

/* A property that is a number of one of the types u, t and b. */
int hd_bus_get_number(struct hd_bus *bus, const struct hd_bus_object *object,
		      const char *property, char type, uint64_t *ret,
		      struct hd_err *err);

/* A text; -EPROTO when it has more than @limit bytes. Owned by the caller. */
int hd_bus_get_text(struct hd_bus *bus, const struct hd_bus_object *object,
		    const char *property, size_t limit, char **ret,
		    struct hd_err *err);

/* The path in the only argument of a reply; owned. */
int hd_bus_read_path(struct hd_bus *bus, sd_bus_message *reply, char **ret,
		     struct hd_err *err);

/*
 * Has the handlers of signals called, or waits for something to come until
 * @until, as hd_now_ms(). Returns 0; -ETIME when it is over, without a
 * sentence; another negative errno.
 */
int hd_bus_turn(struct hd_bus *bus, int64_t until, struct hd_err *err);

/* What the bus itself failed with, as half a sentence; returns @r. */
int hd_bus_failed(int r, struct hd_err *err);

void hd_bus_done(struct hd_bus *bus, sd_bus_message *reply);

void hd_bus_close(struct hd_bus *bus);

#endif
