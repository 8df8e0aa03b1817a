// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/names.h"

#include <errno.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/beside.h"
#include "lib/base/stdfiles.h"

struct hd_names {
	struct pci_access *access; /* NULL until the first question */
	jmp_buf escape;
	bool broken; /* libpci gave up once: never ask it again */
};

/*
 * libpci's error callback must not return, and its default one ends the
 * process; it has no user data but the access itself. One lookup is at work at
 * a time, so the access to it may be thread-local and short-lived.
 */
static __thread struct hd_names *asking;

static void on_error(char *message, ...) __attribute__((noreturn));
static void on_error(char *message, ...)
{
	(void)message;
	longjmp(asking->escape, 1);
}

static void on_message(char *message, ...)
{
	(void)message;
}

struct hd_names *hd_names_new(void)
{
	return calloc(1, sizeof(struct hd_names));
}

/* A bundle brings its list. Beside what is installed lies the one that libpci
 * takes anyhow. */
static void prefer_own_list(struct pci_access *pci)
{
	char path[PATH_MAX], *own;

	if (hd_beside("../share/misc/pci.ids", path) < 0 ||
	    access(path, R_OK) < 0)
		return;
	own = strdup(path);
	if (own)
		pci_set_name_list_path(pci, own, 1);
}

static struct pci_access *make_access(void)
{
	struct pci_access *access = pci_alloc();

	if (!access)
		return NULL;
	access->error = on_error;
	access->warning = on_message;
	access->debug = on_message;
	/* No cache file of names in somebody's home folder. */
	access->id_lookup_mode = 0;
	prefer_own_list(access);
	return access;
}

/* Whether libpci reads the names, or gives up in an orderly way. */
static bool loads(struct hd_names *names)
{
	names->access = make_access();
	if (!names->access)
		return false;
	asking = names;
	if (setjmp(names->escape) == 0)
		pci_load_name_list(names->access);
	return true;
}

/*
 * Until it has read its list, libpci writes to memory without asking whether it
 * got any. A child, which has as much as we have, goes first: a name is not
 * worth more.
 */
static bool child_loads(struct hd_names *names)
{
	pid_t pid = fork();
	int keep = STDIN_FILENO, status;

	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		/* Where it calls exit(3), nothing of ours is written twice. */
		hd_close_others(&keep, 1);
		_exit(!loads(names));
	}
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return status == 0;
}

/* Makes libpci ready; false when there is none, once and for all. */
static bool begin(struct hd_names *names)
{
	if (names->access || names->broken)
		return !names->broken;
	if (child_loads(names))
		names->access = make_access();
	names->broken = !names->access;
	return !names->broken;
}

void hd_names_free(struct hd_names *names)
{
	if (!names)
		return;
	if (names->access)
		pci_cleanup(names->access);
	free(names);
}

void hd_names_cleanup(struct hd_names **names)
{
	hd_names_free(*names);
}

/* A name without numbers, NULL when pci.ids has none. */
static const char *lookup(struct hd_names *names, char *buf, size_t size,
			  int flags, int first, int second)
{
	const char *volatile name = NULL;

	if (!names || !begin(names))
		return NULL;
	asking = names;
	if (setjmp(names->escape) == 0)
		name = pci_lookup_name(names->access, buf, (int)size,
				       flags | PCI_LOOKUP_NO_NUMBERS |
					       PCI_LOOKUP_NO_HWDB,
				       first, second);
	else
		names->broken = true;
	asking = NULL;
	return names->broken ? NULL : name;
}

const char *hd_names_device(struct hd_names *names, uint16_t vendor,
			    uint16_t device, char *buf, size_t size)
{
	const char *name =
		lookup(names, buf, size, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
		       vendor, device);

	if (name)
		return name;
	snprintf(buf, size, "Device %04x:%04x", vendor, device);
	return buf;
}

const char *hd_names_class(struct hd_names *names, uint32_t class_code,
			   char *buf, size_t size)
{
	int class_id = (int)(class_code >> 8);
	const char *name =
		lookup(names, buf, size, PCI_LOOKUP_CLASS, class_id, 0);

	if (name)
		return name;
	snprintf(buf, size, "Class %04x", class_id);
	return buf;
}
