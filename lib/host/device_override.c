// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/device_override.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/host/sysfs.h"
#include "lib/host/worker.h"

/* What the reader says of one device, in the order of devices. */
struct answer {
	int code; /* negative errno, 0 for read */
	unsigned numvfs;
	char override[4097]; /* sysfs tells no more than a page */
};

/* In the reader */

static int read_one(const struct hd_host *host, struct hd_addr addr,
		    struct answer *answer)
{
	HD_AUTOCLOSE int fd = hd_sysfs_open_device(host, addr);
	HD_AUTOFREE char *override = NULL;
	int64_t numvfs = 0;
	int r = fd;

	if (fd >= 0)
		r = hd_sysfs_read(fd, "driver_override", &override);
	if (r >= 0 || r == -ENOENT)
		r = hd_sysfs_read_number(fd, "sriov_numvfs", &numvfs);
	if (r < 0 && r != -ENOENT)
		return r;
	answer->numvfs = numvfs > 0 ? (unsigned)numvfs : 0;
	/* The kernel prints "(null)" for an override that is not set. */
	if (override && strcmp(override, "(null)") != 0)
		snprintf(answer->override, sizeof(answer->override), "%s",
			 override);
	return 0;
}

static void read_devices(const struct hd_host *host,
			 const struct hd_device *devices, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++) {
		struct answer answer = { .code = 0 };

		answer.code = read_one(host, devices[i].addr, &answer);
		if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
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
		return hd_err_set(err, -answer->code,
				  "cannot read driver_override of %s: %s",
				  hd_addr_text(device->addr).s,
				  strerror(-answer->code));
	device->numvfs = answer->numvfs;
	if (!answer->override[0])
		return 0;
	device->override = strdup(answer->override);
	return device->override ? 0 : hd_err_nomem(err);
}

/* Waits for one answer: 1, 0 when none came in time, or a negative errno. */
static int take_answer(int fd, unsigned seconds, struct answer *ret)
{
	int r = hd_worker_read(fd, hd_now_ms() + (int64_t)seconds * 1000, ret,
			       sizeof(*ret));

	if (r < 0)
		return r == -ETIMEDOUT ? 0 : r;
	ret->override[sizeof(ret->override) - 1] = '\0';
	return 1;
}

/*
 * Lets one reader read until a device doesn't answer; the reader is then left
 * to its fate. Returns how many devices are done with, or a negative errno.
 */
static int read_some(const struct hd_host *host, struct hd_device *devices,
		     size_t n, unsigned seconds, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	pid_t pid = hd_worker_fork(host, &fd, err);
	size_t i;
	int r = 1;

	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		read_devices(host, devices, n, fd);
		_exit(0);
	}
	for (i = 0; i < n && r == 1; i++) {
		struct answer answer;

		r = take_answer(fd, seconds, &answer);
		if (r == 1 && fill(&devices[i], &answer, err) < 0)
			r = -err->code;
		devices[i].override_unknown = r == 0;
	}
	/* Unless it has said all, the kernel may hold it, and then us too. */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, i == n && r == 1 ? 0 : WNOHANG);
	if (r == -EIO)
		return hd_err_set(
			err, EIO,
			"the process that reads from sysfs was killed");
	return r < 0 ? r : (int)i;
}

int hd_device_read_overrides(const struct hd_host *host,
			     struct hd_device *devices, size_t n,
			     unsigned seconds, struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	size_t done = 0;

	while (done < n) {
		int r = read_some(host, devices + done, n - done, seconds,
				  &cause);

		if (r < 0)
			return hd_err_set(err, -r, "%s",
					  hd_err_message(&cause));
		done += (size_t)r;
	}
	return 0;
}
