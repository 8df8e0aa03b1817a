// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of a host that other programs wrote: the first byte of the input says
 * which one the rest is.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/guard/block/mounts.h"
#include "lib/guard/net/routes.h"
#include "lib/guard/net/session.h"
#include "lib/host/proc.h"
#include "lib/request/config.h"

/* What is read has a sentence when it fails. */
static void check(int r, const struct hd_err *err)
{
	if (r < 0 && (!err->message || !*err->message))
		__builtin_trap();
}

/* Whatever it says, who refuses is named, and no more than it says is let. */
static void ask_policy(const struct hd_policy *policy)
{
	static const char uuid[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	struct hd_request request = { .domain = "win11",
				      .uuid = uuid,
				      .policy = policy };
	const struct hd_device device = { .addr = { 0, 1, 0, 0 },
					  .vendor = 0x10de,
					  .device = 0x1f06,
					  .class_code = 0x030000,
					  .group = 1 };

	for (unsigned what = 0; what <= HD_MAY_BE_GIVEN; what++) {
		struct hd_decision decision =
			hd_policy_decide(&request, &device, what);
		HD_AUTOFREE char *place = hd_decision_place(&decision);

		if (!decision.permitted && !place)
			__builtin_trap();
	}
	request.domain = NULL;
	for (unsigned what = 0; what < HD_MAY_BE_GIVEN; what++)
		if (!hd_policy_decide(&request, &device, what).permitted)
			__builtin_trap();
}

static void read_config(const struct hd_host *host, struct hd_err *err)
{
	HD_AUTO_CONFIG struct hd_config config;
	int r = hd_config_read(host, &config, err);

	check(r, err);
	if (config.step_seconds < 1 || config.step_seconds > 3600 ||
	    config.policy.siblings == HD_SIBLINGS_UNSAID ||
	    (r < 0 && config.policy.n_sections))
		__builtin_trap();
	ask_policy(&config.policy);
}

static void read_routes(const struct hd_host *host, struct hd_err *err)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };
	HD_AUTO_ROUTES struct hd_routes routes = { NULL, 0 };
	int r = hd_routes_read(host, addresses, 2, 1, &routes, err);

	check(r, err);
	for (size_t i = 0; i < routes.n; i++)
		if (strnlen(routes.items[i].interface, IF_NAMESIZE) ==
		    IF_NAMESIZE)
			__builtin_trap();
}

static void read_mounts(const struct hd_host *host, struct hd_err *err,
			int (*read)(const struct hd_host *host,
				    struct hd_mounts *mounts,
				    struct hd_err *err))
{
	HD_AUTO_MOUNTS struct hd_mounts mounts = { NULL, 0 };

	check(read(host, &mounts, err), err);
	for (size_t i = 0; i < mounts.n; i++)
		if (!mounts.items[i].source || !mounts.items[i].target ||
		    !mounts.items[i].type || !mounts.items[i].options)
			__builtin_trap();
	hd_mounts_containing(&mounts, "/a/b");
}

static void read_mountinfo(const struct hd_host *host, struct hd_err *err)
{
	read_mounts(host, err, hd_mounts_read);
}

static void read_swaps(const struct hd_host *host, struct hd_err *err)
{
	read_mounts(host, err, hd_mounts_read_swaps);
}

static void read_fstab(const struct hd_host *host, struct hd_err *err)
{
	read_mounts(host, err, hd_mounts_read_fstab);
}

/*
 * Who called us, as if the tree were this machine: the process 2 is its
 * parent's SSH server, with the socket 7.
 */
static void read_session(const struct hd_host *host, struct hd_err *err)
{
	struct hd_host live = *host;
	struct hd_session session;
	struct hd_process process;

	live.live = true;
	check(hd_session_find(&live, &session, err), err);
	if (strnlen(session.peer, sizeof(session.peer)) ==
		    sizeof(session.peer) ||
	    !*session.peer != !*session.local)
		__builtin_trap();
	if (hd_process_read(&live, 2, &process).is == HD_PRESENT &&
	    (process.pid != 2 || process.start == 0))
		__builtin_trap();
}

static const struct {
	const char *path;
	void (*read)(const struct hd_host *host, struct hd_err *err);
} files[] = {
	{ "etc/virt-hostdev.conf", read_config },
	{ "proc/net/route", read_routes },
	{ "proc/net/ipv6_route", read_routes },
	{ "proc/1/mountinfo", read_mountinfo },
	{ "proc/swaps", read_swaps },
	{ "etc/fstab", read_fstab },
	{ "proc/self/stat", read_session },
	{ "proc/2/stat", read_session },
	{ "proc/2/net/tcp", read_session },
	{ "proc/2/net/tcp6", read_session },
};

#define N_FILES (sizeof(files) / sizeof(files[0]))

/* A copied tree with nothing in it yet; libFuzzer has one thread. */
static struct hd_host host = HD_HOST_INIT;

static void write_file(const char *path, const void *data, size_t size)
{
	int fd = openat(host.root_fd, path,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

/* What is there unless it is what is fuzzed. */
#define OURS "7 (hook) S 2 "
#define SERVER "2 (sshd) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 9 0"

static void make_host(void)
{
	static const char *const folders[] = { "etc",	      "proc",
					       "proc/1",      "proc/2",
					       "proc/2/fd",   "proc/2/net",
					       "proc/net",    "proc/self",
					       "proc/self/fd" };
	char root[] = "/tmp/fuzz-host-XXXXXX";

	if (!mkdtemp(root) || hd_host_open(&host, root, NULL) < 0)
		abort();
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mkdirat(host.root_fd, folders[i], 0700);
	write_file("proc/self/stat", OURS, strlen(OURS));
	write_file("proc/2/stat", SERVER, strlen(SERVER));
	if (symlinkat("/usr/sbin/sshd", host.root_fd, "proc/2/exe") < 0 ||
	    symlinkat("socket:[7]", host.root_fd, "proc/2/fd/3") < 0 ||
	    unsetenv("SSH_CONNECTION") < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	size_t which;

	if (size == 0)
		return 0;
	if (!host.root)
		make_host();
	which = data[0] % N_FILES;
	write_file(files[which].path, data + 1, size - 1);
	files[which].read(&host, &err);
	unlinkat(host.root_fd, files[which].path, 0);
	if (strcmp(files[which].path, "proc/self/stat") == 0)
		write_file("proc/self/stat", OURS, strlen(OURS));
	if (strcmp(files[which].path, "proc/2/stat") == 0)
		write_file("proc/2/stat", SERVER, strlen(SERVER));
	return 0;
}
