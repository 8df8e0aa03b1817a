// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is killed when a fault says so. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakekernel/call.h"

#define N_LEADERS (sizeof(((struct fk_kernel *)0)->leaders) / sizeof(pid_t))

void fk_leader_add(struct fk_kernel *k, pid_t pid)
{
	k->leaders[k->n_leaders++ % N_LEADERS] = pid;
}

static bool is_leader(const struct fk_kernel *k, pid_t pid)
{
	for (size_t i = 0; i < N_LEADERS && i < k->n_leaders; i++)
		if (k->leaders[i] == pid)
			return true;
	return false;
}

/* A field of /proc/PID/status; 0 when there is none. */
static pid_t status_field(pid_t pid, const char *field)
{
	char path[64], line[256];
	int value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!value && fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			value = atoi(line + strlen(field));
	fclose(file);
	return value;
}

/*
 * The caller itself or the nearest of its ancestors that is a leader. A worker
 * whose ancestors are gone belongs to the leader that was started last.
 */
static pid_t leader_of(const struct fk_kernel *k, pid_t pid)
{
	pid_t up = status_field(pid, "Tgid:");

	while (up > 1 && !is_leader(k, up))
		up = status_field(up, "PPid:");
	if (up > 1)
		return up;
	return k->n_leaders ? k->leaders[(k->n_leaders - 1) % N_LEADERS] : 0;
}

void fk_kill(const struct fk_kernel *k, pid_t caller, enum fk_victim victim)
{
	pid_t leader = victim == FK_CALLER ? 0 : leader_of(k, caller);
	pid_t group = status_field(caller, "Tgid:");

	if (leader > 1)
		kill(leader, SIGKILL);
	if (victim != FK_LEADER && group > 1)
		kill(group, SIGKILL);
}

bool fk_is_victim(const struct fk_kernel *k, pid_t caller,
		  enum fk_victim victim)
{
	return victim != FK_LEADER ||
	       leader_of(k, caller) == status_field(caller, "Tgid:");
}
