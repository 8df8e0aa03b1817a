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
#include "xml/doc/doc.h"
#include "xml/domain/domain.h"

#define FOLDER "/etc/libvirt/qemu"
#define AUTOSTART FOLDER "/autostart"

struct reader {
	const struct hd_host *host;
	struct hd_guests guests;
};

/* Notes the first thing that can't be read: then not all uses are known. */
static int note_unread(struct reader *reader, const char *path, const char *why)
{
	char **unread = &reader->guests.unread;

	if (!*unread)
		*unread = hd_text("%s can't be read: %s", path, why);
	return *unread ? 0 : -ENOMEM;
}

/* Whether libvirt starts the guest of that file with the host. */
static int starts_itself(struct reader *reader, const char *file, bool *ret)
{
	HD_AUTOFREE char *path = hd_text(AUTOSTART "/%s", file);
	HD_AUTOCLOSE int fd = -1;
	int r;

	if (!path)
		return -ENOMEM;
	r = hd_seen_whether(
		hd_host_openat(reader->host, path, O_PATH | O_NOFOLLOW, &fd),
		ret);
	return r < 0 ? note_unread(reader, path, strerror(-r)) : 0;
}

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
	};
	int r = use.domain && use.uuid ? 0 : -ENOMEM;

	if (r == 0)
		r = starts_itself(reader, file, &use.autostart);
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
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE char *path = hd_text(FOLDER "/%s", file);
	HD_AUTOFREE char *text = NULL;
	struct reader *reader = data;
	size_t length;
	int r;

	(void)dir_fd;
	if (!path)
		return -ENOMEM;
	if (*file == '.' || !hd_ends_with(file, ".xml"))
		return 0;
	/* By its path: a copied tree has links of its own. */
	r = hd_seen_required(
		hd_host_read(reader->host, path, HD_DOC_LIMIT, &text, &length));
	if (r < 0)
		return note_unread(reader, path, strerror(-r));
	if (hd_domain_parse(text, length, &domain, &err) < 0)
		return note_unread(reader, path, hd_err_message(&err));
	return add_domain(reader, file, &domain);
}

int hd_guests_read(const struct hd_host *host, struct hd_guests *ret,
		   struct hd_err *err)
{
	struct reader reader = { .host = host };
	int fd = -1, r;
	struct hd_seen seen =
		hd_host_openat(host, FOLDER, O_RDONLY | O_DIRECTORY, &fd);

	if (seen.is == HD_ABSENT) {
		ret->unread = strdup(FOLDER " isn't there");
		return ret->unread ? 0 : hd_err_nomem(err);
	}
	r = seen.is == HD_PRESENT ? hd_dir_each(fd, visit, &reader) :
				    seen.error;
	if (r < 0 && r != -ENOMEM)
		r = note_unread(&reader, FOLDER, strerror(-r));
	*ret = reader.guests;
	return r < 0 ? hd_err_nomem(err) : 0;
}

void hd_guests_clear(struct hd_guests *guests)
{
	for (size_t i = 0; i < guests->n_texts; i++)
		free(guests->texts[i]);
	free(guests->texts);
	free(guests->uses);
	free(guests->unread);
}
