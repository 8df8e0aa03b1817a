// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/wait.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

/* The kernel's own group; udev's is 2. */
#define KERNEL_GROUP 1

/* What one uevent may have (UEVENT_BUFFER_SIZE); no more of it is looked at. */
#define UEVENT_SIZE 2048

static int listen_to_kernel(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK,
				  .nl_groups = KERNEL_GROUP };
	HD_AUTOCLOSE int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	return hd_steal_fd(&fd);
}

void hd_wait_begin(struct hd_wait *wait, unsigned seconds)
{
	wait->end = hd_now_ms() + (int64_t)seconds * 1000;
	wait->fd = listen_to_kernel();
}

/*
 * Takes all that is there; whether any of it is the kernel's, which alone has
 * the address 0. What was lost, since there was too much, may have been.
 */
static bool take_uevents(int fd)
{
	bool any = false;

	for (;;) {
		struct sockaddr_nl from = { .nl_pid = 1 };
		socklen_t size = sizeof(from);
		char uevent[UEVENT_SIZE];
		ssize_t n = recvfrom(fd, uevent, sizeof(uevent), 0,
				     (struct sockaddr *)&from, &size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ENOBUFS)
			return any;
		any |= n < 0 || from.nl_pid == 0;
	}
}

bool hd_wait(struct hd_wait *wait, int most_ms)
{
	int64_t now = hd_now_ms(), until = now + most_ms;

	if (now >= wait->end)
		return false;
	if (until > wait->end)
		until = wait->end;
	for (; now < until; now = hd_now_ms()) {
		struct pollfd fds = { .fd = wait->fd, .events = POLLIN };

		if (poll(&fds, 1, (int)(until - now)) > 0 &&
		    take_uevents(wait->fd))
			break;
	}
	return true;
}

void hd_wait_end(struct hd_wait *wait)
{
	hd_auto_close(&wait->fd);
	wait->fd = -1;
}
