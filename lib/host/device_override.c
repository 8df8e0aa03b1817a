// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/device_override.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/host/sysfs.h"
#include "lib/host/worker.h"

/*
 * Usually a device answers at once. When one doesn't, the others don't wait for
 * it, so that however many hang, that is waited for once.
 */
#define PATIENCE_MS 200

/* What the reader says of one device, in the order of devices. */
struct answer {
	int code; /* negative errno, 0 for read */
	unsigned numvfs;
	char override[4097]; /* a longer one is -EFBIG */
	size_t attributes; /* so many bytes of them follow */
};

/* In the reader */

static int read_one(const struct hd_host *host, struct hd_addr addr,
		    struct answer *answer)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *override = NULL;
	int64_t numvfs = 0;
	int r = hd_seen_required(hd_sysfs_open_device(host, addr, &fd));

	if (r < 0)
		return r == -ENOENT ? -ENODEV : r;
	if ((r = hd_seen_optional(
		     hd_sysfs_read(fd, "driver_override", &override))) < 0 ||
	    (r = hd_seen_optional(
		     hd_sysfs_read_number(fd, "sriov_numvfs", &numvfs))) < 0)
		return r;
	answer->numvfs = numvfs > 0 ? (unsigned)numvfs : 0;
	/* The kernel prints "(null)" for an override that is not set. */
	if (override && strcmp(override, "(null)") != 0 &&
	    (size_t)snprintf(answer->override, sizeof(answer->override), "%s",
			     override) >= sizeof(answer->override))
		return -EFBIG;
	return 0;
}

static int read_attributes(const struct hd_host *host, struct hd_addr addr,
			   char **ret, size_t *ret_length)
{
	HD_AUTO_ATTRIBUTES struct hd_attributes attributes = { NULL, 0 };
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_sysfs_open_device(host, addr, &fd);
	int r = hd_seen_optional(seen);

	if (seen.is == HD_PRESENT)
		r = hd_attributes_read(fd, &attributes);
	return r < 0 ? r : hd_attributes_pack(&attributes, ret, ret_length);
}

static void read_devices(const struct hd_host *host,
			 const struct hd_device *devices, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++) {
		HD_AUTOFREE char *attributes = NULL;
		struct answer answer = { .code = 0 };

		answer.code = read_one(host, devices[i].addr, &answer);
		if (answer.code == 0 && devices[i].saves)
			answer.code = read_attributes(host, devices[i].addr,
						      &attributes,
						      &answer.attributes);
		if (hd_write_all(fd, &answer, sizeof(answer)) < 0 ||
		    hd_write_all(fd, attributes, answer.attributes) < 0)
			break;
	}
}

/* In the maker */

static int fill(struct hd_device *device, const struct answer *answer,
		struct hd_err *err)
{
	/* It went away meanwhile: who looks for it next will see. */
	if (answer->code == -ENODEV)
		return 0;
	if (answer->code < 0)
		return hd_err_set(
			err, -answer->code,
			"cannot read driver_override and sriov_numvfs of %s: %s",
			hd_addr_text(device->addr).s, strerror(-answer->code));
	device->numvfs = answer->numvfs;
	if (!answer->override[0])
		return 0;
	device->override = strdup(answer->override);
	return device->override ? 0 : hd_err_nomem(err);
}

/* A process that reads some of the devices, and where it is with them. */
struct reader {
	pid_t pid;
	int fd; /* -1 when it has said all */
	size_t at, end;
};

struct readers {
	struct reader *items;
	size_t n;
};

/* One that the kernel may hold is left to its fate, or it would hold us. */
static void clear_readers(struct readers *readers)
{
	for (size_t i = 0; i < readers->n; i++) {
		struct reader *reader = &readers->items[i];
		bool ended = readers->n == 1 && reader->fd < 0;

		hd_auto_close(&reader->fd);
		kill(reader->pid, SIGKILL);
		waitpid(reader->pid, NULL, ended ? 0 : WNOHANG);
	}
	free(readers->items);
}

static int start(struct readers *readers, const struct hd_host *host,
		 const struct hd_device *devices, size_t first, size_t end,
		 struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	pid_t pid = hd_worker_fork(host, &fd, err);
	struct reader *reader;

	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		read_devices(host, devices + first, end - first, fd);
		_exit(0);
	}
	reader = hd_array_add(&readers->items, &readers->n, sizeof(*reader));
	if (!reader) {
		kill(pid, SIGKILL);
		return hd_err_nomem(err);
	}
	*reader = (struct reader){ pid, hd_steal_fd(&fd), first, end };
	return 0;
}

/* What follows an answer. */
static int hear_attributes(const struct reader *reader, size_t length,
			   struct hd_attributes *ret, int64_t deadline)
{
	HD_AUTOFREE char *bytes = length ? malloc(length) : NULL;
	int r;

	if (!length)
		return 0;
	if (!bytes)
		return -ENOMEM;
	r = hd_worker_read(reader->fd, deadline, bytes, length);
	return r < 0 ? r : hd_attributes_unpack(bytes, length, ret);
}

static int hear(struct reader *reader, struct hd_device *devices,
		int64_t deadline, struct hd_err *err)
{
	struct answer answer;
	int r = hd_worker_read(reader->fd, deadline, &answer, sizeof(answer));

	if (r == -ETIMEDOUT)
		return 0;
	if (r == 0)
		r = hear_attributes(reader, answer.attributes,
				    &devices[reader->at].attributes, deadline);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r == -ETIMEDOUT) { /* half of it: what follows can't be read */
		close(reader->fd);
		reader->fd = -1;
		return 0;
	}
	if (r < 0)
		return hd_err_set(
			err, -r,
			"the process that reads from sysfs was killed");
	answer.override[sizeof(answer.override) - 1] = '\0';
	r = fill(&devices[reader->at++], &answer, err);
	if (reader->at == reader->end) {
		close(reader->fd);
		reader->fd = -1;
	}
	return r;
}

/* What to poll for; how many readers still have something to say. */
static size_t list_fds(const struct readers *readers, struct pollfd *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < readers->n; i++) {
		fds[i] = (struct pollfd){ readers->items[i].fd, POLLIN, 0 };
		n += fds[i].fd >= 0;
	}
	return n;
}

/*
 * Hears all readers until they have said all, or none says anything for
 * @silence milliseconds, or the deadline is over: *@ret_all tells.
 */
static int hear_all(struct readers *readers, struct hd_device *devices,
		    int64_t silence, int64_t deadline, bool *ret_all,
		    struct hd_err *err)
{
	HD_AUTOFREE struct pollfd *fds = calloc(readers->n + 1, sizeof(*fds));
	int r = fds ? 0 : hd_err_nomem(err);

	*ret_all = false;
	while (r == 0 && !(*ret_all = list_fds(readers, fds) == 0)) {
		int64_t left = deadline - hd_now_ms();
		int n;

		if (left > silence)
			left = silence;
		n = poll(fds, readers->n, left > 0 ? (int)left : 0);
		if (n < 0 && errno != EINTR)
			return hd_err_set(err, errno, "cannot poll: %m");
		if (n == 0)
			break;
		for (size_t i = 0; n > 0 && r == 0 && i < readers->n; i++)
			if (fds[i].revents)
				r = hear(&readers->items[i], devices, deadline,
					 err);
	}
	return r;
}

/* Behind the device that the first reader is at: a reader for each. */
static int start_for_rest(struct readers *readers, const struct hd_host *host,
			  const struct hd_device *devices, size_t n,
			  struct hd_err *err)
{
	size_t first = readers->items[0].at + 1;
	int r = 0;

	readers->items[0].end = first;
	for (size_t i = first; r == 0 && i < n; i++)
		r = start(readers, host, devices, i, i + 1, err);
	return r;
}

int hd_device_read_overrides(const struct hd_host *host,
			     struct hd_device *devices, size_t n,
			     unsigned seconds, struct hd_err *err)
{
	HD_AUTO(clear_readers) struct readers readers = { NULL, 0 };
	int64_t deadline = hd_now_ms() + (int64_t)seconds * 1000;
	bool all = true;
	int r = n ? start(&readers, host, devices, 0, n, err) : 0;

	if (r == 0 && n)
		r = hear_all(&readers, devices, PATIENCE_MS, deadline, &all,
			     err);
	if (r == 0 && !all)
		r = start_for_rest(&readers, host, devices, n, err);
	if (r == 0 && !all)
		r = hear_all(&readers, devices, INT_MAX, deadline, &all, err);
	for (size_t i = 0; r == 0 && i < readers.n; i++)
		for (size_t j = readers.items[i].at; j < readers.items[i].end;
		     j++)
			devices[j].override_unknown = true;
	return r;
}
