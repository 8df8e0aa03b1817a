// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/doctor/guests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/sysfs.h"
#include "xml/doc/doc.h"
#include "xml/domain/domain.h"

#define FOLDER "/etc/libvirt/qemu"
#define AUTOSTART FOLDER "/autostart"

struct reader {
	const struct hd_host *host;
	int autostart_fd; /* or a negative errno */
	struct hd_guests guests;
};

static int add_use(struct reader *reader, const struct hd_guest_use *one)
{
	struct hd_guest_use *use = hd_array_add(
		&reader->guests.uses, &reader->guests.n, sizeof(*use));

	if (!use)
		return -ENOMEM;
	*use = *one;
	return 0;
}

/* Keeps a text for the uses; NULL when memory runs out. */
static const char *note(struct reader *reader, char *text)
{
	char **slot =
		text ? hd_array_add(&reader->guests.texts,
				    &reader->guests.n_texts, sizeof(*slot)) :
		       NULL;

	if (!slot) {
		free(text);
		return NULL;
	}
	*slot = text;
	return text;
}

static int add_domain(struct reader *reader, const char *file,
		      struct hd_domain *domain)
{
	struct hd_guest_use use = {
		.domain = note(reader, hd_steal(&domain->name)),
		.uuid = note(reader, strdup(domain->uuid)),
		.autostart = reader->autostart_fd >= 0 &&
			     (hd_unsorted(hd_sysfs_look(reader->autostart_fd,
							file)) == 0),
	};
	int r = use.domain && use.uuid ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < domain->n_assigns; i++) {
		use.addr = domain->assigns[i].addr;
		use.managed = domain->assigns[i].managed;
		r = add_use(reader, &use);
	}
	return r;
}

static int visit(void *data, int dir_fd, const char *file)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTOCLOSE int fd =
		openat(dir_fd, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	HD_AUTOFREE char *text = NULL;
	size_t length;

	if (!hd_ends_with(file, ".xml") || fd < 0 ||
	    hd_read_all(fd, HD_DOC_LIMIT, &text, &length) < 0 ||
	    hd_domain_parse(text, length, &domain, NULL) < 0)
		return 0;
	return add_domain(data, file, &domain);
}

int hd_guests_read(const struct hd_host *host, struct hd_guests *ret,
		   struct hd_err *err)
{
	struct reader reader = { .host = host };
	int fd = HD_UNSORTED_FD(hd_host_openat, host, FOLDER,
				O_RDONLY | O_DIRECTORY);
	int r;

	if (fd < 0) {
		ret->unread = hd_text(fd == -ENOENT ? "%s isn't there" :
						      "%s can't be read: %s",
				      FOLDER, strerror(-fd));
		return ret->unread ? 0 : hd_err_nomem(err);
	}
	reader.autostart_fd = HD_UNSORTED_FD(hd_host_openat, host, AUTOSTART,
					     O_PATH | O_DIRECTORY);
	r = hd_dir_each(fd, visit, &reader);
	hd_auto_close(&reader.autostart_fd);
	*ret = reader.guests;
	return r == -ENOMEM ? hd_err_nomem(err) : 0;
}

void hd_guests_clear(struct hd_guests *guests)
{
	for (size_t i = 0; i < guests->n_texts; i++)
		free(guests->texts[i]);
	free(guests->texts);
	free(guests->uses);
	free(guests->unread);
}
