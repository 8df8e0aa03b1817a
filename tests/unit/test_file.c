// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/beside.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/inside.h"
#include "lib/base/stdfiles.h"
#include "lib/host/inventory.h"
#include "lib/host/nodes.h"
#include "lib/host/sysfs.h"
#include "tests/unit/place.h"

#define OPEN_FILES 40

/* What readlink(3) is. */
#ifdef SYS_readlink
#define READLINK SYS_readlink
#else
#define READLINK SYS_readlinkat
#endif

/* From here on this process has no such system call. */
static void forbid(int call, int code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { N_ELEMENTS(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(2);
}

/* Runs @check in a process for which @call fails with @code, 0: doesn't. */
static void check_without(int call, int code, bool (*check)(void *data),
			  void *data)
{
	pid_t pid = fork();
	int status;

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		if (code)
			forbid(call, code);
		_exit(check(data) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What is opened below "root", and what that is; or how it fails. */
static const struct {
	const char *path;
	int flags;
	enum hd_links links;
	const char *is;
	int code;
} walks[] = {
	{ "a/b/file", O_RDONLY, 0, "a/b/file", 0 },
	{ "/a//b/./file", O_RDONLY, 0, "a/b/file", 0 },
	{ "a/b/../b/file", O_RDONLY, 0, "a/b/file", 0 },
	{ "a/b/", O_RDONLY | O_DIRECTORY, 0, "a/b", 0 },
	{ ".", O_PATH | O_DIRECTORY, 0, ".", 0 },
	{ "/", O_PATH | O_DIRECTORY, 0, ".", 0 },
	{ "a/..", O_PATH | O_DIRECTORY, 0, ".", 0 },
	{ "link/file", O_RDONLY, 0, "a/b/file", 0 },
	{ "link", O_PATH, 0, "a/b", 0 },
	{ "link", O_PATH | O_NOFOLLOW, 0, "link", 0 },
	{ "link/", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, "a/b", 0 },
	{ "a/b/long/way", O_RDONLY, 0, "a/b/file", 0 },
	/* They lead out of the root, which has nothing of that name. */
	{ "../secret", O_RDONLY, 0, NULL, ENOENT },
	{ "a/../../secret", O_RDONLY, 0, NULL, ENOENT },
	{ "out", O_RDONLY, 0, NULL, ENOENT },
	{ "absolute", O_RDONLY, 0, NULL, ENOENT },
	{ "up/up/up/secret", O_RDONLY, 0, NULL, ENOENT },
	{ "up/a/b/file", O_RDONLY, 0, "a/b/file", 0 },
	{ "inside", O_RDONLY, 0, "a/b/file", 0 },
	{ "..", O_PATH | O_DIRECTORY, 0, ".", 0 },
	{ "a/b/file/..", O_PATH, 0, NULL, ENOTDIR },
	{ "a/b/file/", O_RDONLY, 0, NULL, ENOTDIR },
	{ "a/b/file", O_RDONLY | O_DIRECTORY, 0, NULL, ENOTDIR },
	{ "link", O_RDONLY | O_NOFOLLOW, 0, NULL, ELOOP },
	{ "loop", O_RDONLY, 0, NULL, ELOOP },
	{ "loop/a", O_RDONLY, 0, NULL, ELOOP },
	{ "nothing", O_RDONLY, 0, NULL, ENOENT },
	{ "nothing/file", O_RDONLY, 0, NULL, ENOENT },
	{ "", O_RDONLY, 0, NULL, ENOENT },
	{ "a/b/file", O_RDONLY, HD_LINKS_NONE, "a/b/file", 0 },
	{ "link/file", O_RDONLY, HD_LINKS_NONE, NULL, ELOOP },
	{ "inside", O_RDONLY, HD_LINKS_NONE, NULL, ELOOP },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "link", "a/b" },	    { "a/b/long", "../../link" },
	{ "a/b/way", "/a/b/file" }, { "out", "../secret" },
	{ "absolute", "/secret" },  { "up", "a/../.." },
	{ "inside", "/a/b/file" },  { "loop", "loop" },
};

static bool is_file(int root_fd, int fd, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	       fstatat(root_fd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool walks_as_told(void *data)
{
	int root_fd = *(const int *)data, last_fd = dup(root_fd);
	bool good = true;

	close(last_fd);
	for (size_t i = 0; i < N_ELEMENTS(walks); i++) {
		int fd = hd_open_inside(root_fd, walks[i].path, walks[i].flags,
					walks[i].links);
		bool is = walks[i].is ?
				  fd >= 0 && is_file(root_fd, fd, walks[i].is) :
				  fd == -walks[i].code;

		if (!is)
			printf("# %s: %d\n", walks[i].path, fd);
		good &= is;
		hd_auto_close(&fd);
	}
	/* None of the folders on the way is still open. */
	return good && dup(root_fd) == last_fd;
}

static void nothing_leads_out(void **state)
{
	const struct place *place = *state;
	HD_AUTOCLOSE int outer_fd = openat(place->host.root_fd, ".",
					   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	HD_AUTOCLOSE int root_fd = -1;

	assert_int_equal(mkdirat(outer_fd, "root", 0755), 0);
	assert_int_equal(mkdirat(outer_fd, "root/a", 0755), 0);
	assert_int_equal(mkdirat(outer_fd, "root/a/b", 0755), 0);
	assert_int_equal(mknodat(outer_fd, "secret", S_IFREG | 0644, 0), 0);
	assert_int_equal(mknodat(outer_fd, "root/a/b/file", S_IFREG | 0644, 0),
			 0);
	root_fd = openat(outer_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < N_ELEMENTS(links); i++)
		assert_int_equal(
			symlinkat(links[i].target, root_fd, links[i].name), 0);
	check_without(SYS_openat2, 0, walks_as_told, &root_fd);
	check_without(SYS_openat2, ENOSYS, walks_as_told, &root_fd);
	check_without(SYS_openat2, EPERM, walks_as_told, &root_fd);
}

/*
 * All but 0 to 2 and two others. @data: as many files as may be are open; else
 * one more can be, and the limit is below what is open.
 */
static bool closes_others(void *data)
{
	struct rlimit limit = { data ? OPEN_FILES : 30, OPEN_FILES };
	int keep[] = { 20, 2, 1, 0, 11 };

	for (int fd = 3; fd < OPEN_FILES; fd++)
		if (dup2(1, fd) < 0)
			return false;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || (!data && close(25) < 0))
		return false;
	hd_close_others(keep, N_ELEMENTS(keep));
	for (int fd = 0; fd < OPEN_FILES; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) !=
		    (fd <= 2 || fd == 11 || fd == 20))
			return false;
	return true;
}

static void the_others_are_closed(void **state)
{
	(void)state;
	check_without(SYS_close_range, 0, closes_others, NULL);
	check_without(SYS_close_range, ENOSYS, closes_others, NULL);
	check_without(SYS_close_range, EPERM, closes_others, NULL);
	/* No file is left to list them with. */
	check_without(SYS_close_range, ENOSYS, closes_others, "full");
}

static int make_file(const struct place *place, const char *name, size_t length)
{
	HD_AUTOCLOSE int fd = openat(place->host.root_fd, name,
				     O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	HD_AUTOFREE char *text = malloc(length);

	assert_non_null(text);
	for (size_t i = 0; i < length; i++)
		text[i] = (char)('a' + i % 23);
	assert_int_equal(hd_write_all(fd, text, length), 0);
	return openat(place->host.root_fd, name, O_RDONLY | O_CLOEXEC);
}

static bool is_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] != (char)('a' + i % 23))
			return false;
	return text[length] == '\0';
}

static void all_or_too_large(void **state)
{
	static const size_t lengths[] = { 0,	 1,	4095,  4096,
					  16383, 16384, 16385, 100000 };

	for (size_t i = 0; i < N_ELEMENTS(lengths); i++) {
		HD_AUTOFREE char *text = NULL, *less = NULL;
		HD_AUTOCLOSE int fd = make_file(*state, "file", lengths[i]);
		size_t n = 1;

		assert_int_equal(hd_read_all(fd, lengths[i], &text, &n), 0);
		assert_int_equal(n, lengths[i]);
		assert_true(is_text(text, n));
		if (n == 0)
			continue;
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(hd_read_all(fd, n - 1, &less, &n), -EFBIG);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(hd_read_first(fd, lengths[i] - 1, &less, &n),
				 0);
		assert_int_equal(n, lengths[i] - 1);
		assert_true(is_text(less, n));
	}
}

/* An attribute longer than a page is whole, or it is an error. */
static void no_attribute_is_cut(void **state)
{
	static const size_t lengths[] = { 4095, 4096, 4097, 300000 };
	const struct place *place = *state;
	HD_AUTOFREE char *text = NULL;

	for (size_t i = 0; i < N_ELEMENTS(lengths); i++) {
		HD_AUTOFREE char *value = NULL;

		close(make_file(place, "attribute", lengths[i]));
		assert_int_equal(
			hd_seen_required(hd_sysfs_read(place->host.root_fd,
						       "attribute", &value)),
			0);
		assert_int_equal(strlen(value), lengths[i]);
		assert_true(is_text(value, lengths[i]));
	}
	close(make_file(place, "endless", HD_SYSFS_LIMIT + 1));
	assert_int_equal(hd_seen_required(hd_sysfs_read(place->host.root_fd,
							"endless", &text)),
			 -EFBIG);
}

/* Renames until it is ended, as any program of the host may. */
static pid_t start_renaming(const struct place *place)
{
	pid_t maker = getpid(), pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == maker) {
		renameat(place->host.root_fd, "here", place->host.root_fd,
			 "there");
		renameat(place->host.root_fd, "there", place->host.root_fd,
			 "here");
	}
	_exit(0);
}

static void what_moves_elsewhere_keeps_nobody_out(void **state)
{
	const struct place *place = *state;
	unsigned failed = 0;
	pid_t pid;

	close(make_file(place, "here", 1));
	assert_int_equal(mkdirat(place->host.root_fd, "a", 0755), 0);
	assert_int_equal(mkdirat(place->host.root_fd, "a/b", 0755), 0);
	close(make_file(place, "a/file", 1));
	assert_int_equal(
		symlinkat("b/../../a/b/..", place->host.root_fd, "a/link"), 0);
	pid = start_renaming(place);
	for (size_t i = 0; i < 3000; i++) {
		int fd = hd_open_inside(place->host.root_fd, "a/link/file",
					O_RDONLY, HD_LINKS_INSIDE);

		failed += fd < 0;
		if (fd >= 0)
			close(fd);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(failed, 0);
}

/* A copied tree may have anything in it. */
static void only_files_are_read(void **state)
{
	const struct place *place = *state;
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen;
	char bytes[4];
	size_t n;
	int fd = -1;

	assert_int_equal(mkfifoat(place->host.root_fd, "pipe", 0644), 0);
	seen = hd_host_openat(&place->host, "pipe", O_RDONLY, &fd);
	assert_int_equal(seen.is, HD_UNKNOWN);
	assert_int_equal(seen.error, -EINVAL);
	seen = hd_host_read(&place->host, "pipe", 10, &text, &n);
	assert_int_equal(seen.is, HD_UNKNOWN);
	seen = hd_sysfs_read(place->host.root_fd, "pipe", &text);
	assert_int_equal(seen.is, HD_UNKNOWN);
	seen = hd_sysfs_read_bytes(place->host.root_fd, "pipe", bytes,
				   sizeof(bytes), &n);
	assert_int_equal(seen.is, HD_UNKNOWN);
	seen = hd_sysfs_read_bytes(place->host.root_fd, "nothing", bytes,
				   sizeof(bytes), &n);
	assert_int_equal(seen.is, HD_ABSENT);
}

static int see(void *data, int dir_fd, const char *name)
{
	(void)dir_fd, (void)name;
	*(bool *)data = true;
	return 0;
}

/* @data: a host without readable folders, which isn't one without devices. */
static bool fails_to_list(void *data)
{
	HD_AUTO_INVENTORY struct hd_inventory inventory = { .devices = NULL };
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	const struct hd_device device = { .addr = { .bus = 1 } };
	const struct hd_host *host = data;
	bool seen = false;
	int fd = -1;

	return hd_sysfs_open_devices(host, &fd).is == HD_PRESENT &&
	       hd_dir_each(fd, see, &seen) == -EIO && !seen &&
	       hd_inventory_read_all(&inventory, host, NULL) == -EIO &&
	       hd_nodes_add(&nodes, host, &device, NULL) == -EIO;
}

static void unread_is_not_empty(void **state)
{
	struct place *place = *state;
	static const char *const folders[] = { "sys", "sys/bus", "sys/bus/pci",
					       "sys/bus/pci/devices" };
	HD_AUTO_INVENTORY struct hd_inventory inventory = { .devices = NULL };

	for (size_t i = 0; i < N_ELEMENTS(folders); i++)
		assert_int_equal(mkdirat(place->host.root_fd, folders[i], 0755),
				 0);
	assert_int_equal(hd_inventory_read_all(&inventory, &place->host, NULL),
			 0);
	assert_int_equal(mkdirat(place->host.root_fd,
				 "sys/bus/pci/devices/0000:01:00.0", 0755),
			 0);
	check_without(SYS_getdents64, EIO, fails_to_list, &place->host);
}

/* Nobody is told of another folder than the one that the program lies in. */
static bool is_refused(void *data)
{
	char path[PATH_MAX];

	(void)data;
	return hd_beside("part", path) == -EACCES;
}

static void parts_lie_beside(void **state)
{
	char own[PATH_MAX], path[PATH_MAX], name[PATH_MAX];

	(void)state;
	assert_int_equal(hd_own_path(own), 0);
	assert_int_equal(access(own, X_OK), 0);
	assert_int_equal(hd_beside(strrchr(own, '/') + 1, path), 0);
	assert_string_equal(path, own);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(hd_beside(name, path), -ENAMETOOLONG);
	check_without(READLINK, EACCES, is_refused, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_leads_out, place_set_up,
						place_tear_down),
		cmocka_unit_test(the_others_are_closed),
		cmocka_unit_test(parts_lie_beside),
		cmocka_unit_test_setup_teardown(
			what_moves_elsewhere_keeps_nobody_out, place_set_up,
			place_tear_down),
		cmocka_unit_test_setup_teardown(only_files_are_read,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(all_or_too_large, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(unread_is_not_empty,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(no_attribute_is_cut,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
