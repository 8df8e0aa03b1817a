// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The libvirt hook: /etc/libvirt/hooks/qemu NAME OPERATION SUBOPERATION EXTRA,
 * with the domain's XML on stdin (https://libvirt.org/hooks.html).
 *
 * It runs for every guest, so it links the C library alone, and leaves when it
 * sees nothing to do. Else it becomes the program of hook.c.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hooks/event.h"
#include "hooks/program.h"
#include "hooks/result.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/stdfiles.h"
#include "lib/state/claims.h"
#include "xml/doc/limit.h"
#include "xml/domain/may_ask.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static int read_text(char **ret, size_t *ret_length, struct hd_err *err)
{
	int r = hd_read_all(STDIN_FILENO, HD_DOC_LIMIT, ret, ret_length);

	if (r == -EFBIG)
		return hd_err_set(err, EFBIG,
				  "the domain's XML has more than %d MiB",
				  HD_DOC_LIMIT / 1024 / 1024);
	if (r < 0)
		return hd_err_set(err, -r, "the domain's XML can't be read: %s",
				  strerror(-r));
	return 0;
}

static int claims_exist(struct hd_err *err)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	int r = hd_host_open(&host, NULL, err);

	return r < 0 ? r : hd_claims_exist(&host);
}

/* 1 when there may be something to do with the text, 0 when there isn't. */
static int find_work(const struct hd_event *event, char **ret,
		     size_t *ret_length, struct hd_err *err)
{
	int r = event->looks & HD_LOOK_CLAIMS ? claims_exist(err) : 1;

	if (r <= 0)
		return r;
	r = read_text(ret, ret_length, err);
	/* The name will do: the host is not kept from its devices. */
	if (r < 0 && event->work == HD_WORK_RELEASE)
		return 1;
	if (r < 0)
		return r;
	return !(event->looks & HD_LOOK_TEXT) ||
	       hd_domain_may_ask(*ret, *ret_length);
}

static int fail_memory(int r, struct hd_err *err)
{
	return hd_err_set(err, -r,
			  "the domain's XML can't be kept in memory: %s",
			  strerror(-r));
}

/* A file in memory that nobody can change, and nobody run; from Linux 6.3 on
 * the kernel wants to be told. */
static int make_memory_file(const char *text, size_t length, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = memfd_create(
		"domain", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	int r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("domain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return fail_memory(-errno, err);
	r = hd_write_all(fd, text, length);
	if (r < 0)
		return fail_memory(r, err);
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, HD_SEALS) < 0)
		return fail_memory(-errno, err);
	return hd_steal_fd(&fd);
}

/* Whether the second program starts and is ours: where its libraries aren't
 * there, or it was made for another version, it ends with another code. */
static bool starts(char *program)
{
	char *const words[] = { program, (char *)HD_VERSION, NULL };
	pid_t pid;
	int status;

	return posix_spawn(&pid, program, NULL, NULL, words, environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && status == 0;
}

/* Returns only when it couldn't be executed. */
static int execute(const char *program, char **argv, int text_fd,
		   struct hd_err *err)
{
	char *const words[] = { argv[0], argv[1], argv[2],
				argv[3], argv[4], (char *)HD_VERSION,
				NULL };
	int keep[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	int r;

	if (dup2(text_fd, STDIN_FILENO) < 0)
		return hd_err_set(err, errno,
				  "the domain's XML can't be handed over: %m");
	hd_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	execv(program, words);
	r = hd_err_set(err, errno, "%s can't be run: %m", program);
	hd_err_fix(err, r == -EACCES ?
				"virt-hostdev doctor says what denies it" :
				HD_REINSTALL);
	return r;
}

static int hand_over(const struct hd_event *event, char **argv,
		     const char *text, size_t length, struct hd_err *err)
{
	char program[PATH_MAX];
	int fd, r = hd_hook_program(program);

	if (r < 0)
		return hd_err_set(err, -r, "the hook can't see where it is: %s",
				  strerror(-r));
	/* Once executed, it is libvirt that sees how it ends. */
	if (event->consequence == HD_KILLS && !starts(program))
		return hd_err_set(err, ENOEXEC,
				  "%s can't be run, or is of another version",
				  program);
	fd = make_memory_file(text, length, err);
	return fd < 0 ? fd : execute(program, argv, fd, err);
}

/* Becomes the second program if there is work for it. */
static int run(const struct hd_event *event, char **argv,
	       struct hd_result *result)
{
	HD_AUTOFREE char *text = NULL;
	size_t length = 0;
	int r = find_work(event, &text, &length, &result->err);

	if (r < 0)
		return hd_result_refuse(result, r);
	if (r > 0)
		r = hd_result_unable(result, hand_over(event, argv, text,
						       length, &result->err));
	return r;
}

static int handle(char **argv)
{
	HD_AUTO_RESULT struct hd_result result;
	int r = 0;

	hd_result_begin(&result, argv[1], argv[2]);
	if (result.event && result.event->work != HD_WORK_NONE)
		r = run(result.event, argv, &result);
	return hd_result_end(&result, r);
}

int main(int argc, char **argv)
{
	/* A session daemon runs the same hook as an ordinary user. */
	if (geteuid() != 0)
		return 0;
	hd_stdfiles_fill();
	/* Both are errors of a write; the second program inherits it. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(077);
	if (argc != 5) {
		fputs("This is a libvirt hook: libvirt runs it with GUEST OPERATION SUBOPERATION EXTRA and the guest's XML on stdin.\nFix: To see what it would say of a guest: virt-hostdev check GUEST\n",
		      stderr);
		return 2;
	}
	return handle(argv);
}
