// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/newfile.h"
#include "lib/base/print.h"
#include "lib/host/sysfs.h"
#include "tools/verb/rom/shown.h"

#define SELINUX HD_SYSFS "/fs/selinux/enforce"

/* What guests may read and nobody changes (svirt's policy); libvirt labels no
 * ROM file. */
#define TYPE "virt_content_t"
#define LABEL "system_u:object_r:" TYPE ":s0"

struct saving {
	struct hd_shown_rom *shown;
	const struct hd_host *host;
	const char *name;
};

static int note_label(const struct saving *saving, int r, struct hd_err *err)
{
	HD_AUTOFREE char *quoted = hd_quote(saving->name);

	return hd_findings_add(
		&saving->shown->notes, "rom-label", HD_WARNING, HD_WHOLE_DOMAIN,
		hd_text("%s has no SELinux label with which a guest may read it: %s.",
			saving->name, strerror(-r)),
		quoted ? hd_text("chcon -t " TYPE " %s", quoted) : NULL, err);
}

static int set_label(const struct saving *saving, int fd, struct hd_err *err)
{
	HD_AUTOFREE char *enforce = NULL;
	size_t length;
	bool on;
	int r = hd_seen_whether(
		hd_host_read(saving->host, SELINUX, 64, &enforce, &length),
		&on);

	if (r == 0 && on &&
	    fsetxattr(fd, "security.selinux", LABEL, sizeof(LABEL), 0) < 0)
		r = -errno;
	return r < 0 ? note_label(saving, r, err) : 0;
}

static int write_to(void *data, int fd, struct hd_err *err)
{
	const struct saving *saving = data;
	const struct hd_cardrom *cardrom = &saving->shown->cardrom;
	int r = hd_write_all(fd, cardrom->data, cardrom->length);

	return r < 0 ? hd_err_set(err, -r, "cannot write %s: %s", saving->name,
				  strerror(-r)) :
	       fd == STDOUT_FILENO ? 0 :
				     set_label(saving, fd, err);
}

int hd_shown_rom_save(struct hd_shown_rom *shown, const struct hd_host *host,
		      const char *name, struct hd_err *err)
{
	struct saving saving = { shown, host, name };
	int r;

	if (strcmp(name, "-") == 0) {
		saving.name = "standard output";
		return write_to(&saving, STDOUT_FILENO, err);
	}
	r = hd_newfile_write(name, 0644, "rom", write_to, &saving, err);
	if (r == 0)
		shown->saved = name;
	return r;
}
