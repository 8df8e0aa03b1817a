// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/base/word.h"

#define FILE_LIMIT (64 * 1024)
#define LONGEST_TIMEOUT 3600

/* One file while it is read. */
struct parser {
	struct hd_config config;
	char *wrong; /* the first thing that is wrong; owned */
};

static bool set_step_timeout(struct hd_config *config, const char *value)
{
	int64_t seconds;

	if (!hd_word_number(value, LONGEST_TIMEOUT, &seconds) || seconds == 0)
		return false;
	config->step_seconds = (unsigned)seconds;
	return true;
}

static bool set_siblings(struct hd_config *config, const char *value)
{
	return hd_siblings_parse(value, &config->policy.siblings);
}

static const struct {
	const char *section, *name, *values;
	bool (*set)(struct hd_config *config, const char *value);
} settings[] = {
	{ "host", "step-timeout", "1 to 3600 seconds", set_step_timeout },
	{ "host", "siblings", "refuse or bind", set_siblings },
};

/* inih's handler: 1, or 0 for a line that is wrong. */
static int take(void *data, const char *section, const char *name,
		const char *value)
{
	struct parser *parser = data;
	const char *values = NULL;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(section, settings[i].section) != 0 ||
		    strcmp(name, settings[i].name) != 0)
			continue;
		if (settings[i].set(&parser->config, value))
			return 1;
		values = settings[i].values;
	}
	if (parser->wrong)
		return 0;
	if (values)
		parser->wrong =
			hd_text("%s takes %s, not '%s'", name, values, value);
	else
		parser->wrong =
			hd_text("there is no setting %s in section [%s]", name,
				section);
	return 0;
}

static int parse(const char *path, const char *text, struct hd_config *config,
		 struct hd_err *err)
{
	struct parser parser = { *config, NULL };
	int line = ini_parse_string(text, take, &parser);

	if (line == 0)
		*config = parser.config;
	else
		hd_err_set(err, EINVAL, "%s, line %d: %s", path, line,
			   parser.wrong ? parser.wrong :
					  "it is neither [section] nor "
					  "setting = value");
	free(parser.wrong);
	return line == 0 ? 0 : -EINVAL;
}

/* Reads one file; -ENOENT without a sentence when it isn't there. */
static int read_file(const struct hd_host *host, const char *path,
		     struct hd_config *config, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(hd_host_openat, host, path,
					     O_RDONLY | O_NONBLOCK);
	HD_AUTOFREE char *text = NULL;
	struct stat st;
	size_t length;
	int r = fd;

	if (fd == -ENOENT)
		return fd;
	if (fd >= 0)
		r = fstat(fd, &st) < 0 ?
			    -errno :
		    !S_ISREG(st.st_mode) ?
			    -EINVAL :
			    hd_read_all(fd, FILE_LIMIT, &text, &length);
	if (r < 0)
		return hd_err_set(err, -r, "%s can't be read: %s", path,
				  strerror(-r));
	if (memchr(text, '\0', length))
		return hd_err_set(err, EINVAL, "%s is no text", path);
	return parse(path, text, config, err);
}

static int is_conf(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && hd_ends_with(entry->d_name, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(const struct hd_host *host, struct hd_config *config,
		       struct hd_err *err)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(
		hd_host_openat, host, HD_CONFIG_DIR, O_RDONLY | O_DIRECTORY);
	struct dirent **entries = NULL;
	int n = fd < 0 ? 0 : scandirat(fd, ".", &entries, is_conf, by_bytes);
	int r = 0;

	if ((fd < 0 && fd != -ENOENT) || n < 0)
		return hd_err_set(err, fd < 0 ? -fd : errno,
				  HD_CONFIG_DIR " can't be read: %s",
				  strerror(fd < 0 ? -fd : errno));
	for (int i = 0; i < n; i++) {
		HD_AUTOFREE char *path =
			hd_text(HD_CONFIG_DIR "/%s", entries[i]->d_name);

		if (!path)
			r = hd_err_nomem(err);
		if (r == 0)
			r = read_file(host, path, config, err);
		if (r == -ENOENT)
			r = 0;
		free(entries[i]);
	}
	free(entries);
	return r;
}

int hd_config_read(const struct hd_host *host, struct hd_config *ret,
		   struct hd_err *err)
{
	struct hd_config config = HD_CONFIG_INIT;
	int r = read_file(host, HD_CONFIG_FILE, &config, err);

	*ret = (struct hd_config)HD_CONFIG_INIT;
	if (r == 0 || r == -ENOENT)
		r = read_folder(host, &config, err);
	if (r == 0)
		*ret = config;
	return r;
}

struct hd_config hd_config_read_or_default(const struct hd_host *host,
					   struct hd_findings *findings)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_config config;

	if (hd_config_read(host, &config, &err) < 0)
		hd_findings_add(findings, "config-unusable", HD_WARNING,
				HD_WHOLE_DOMAIN, hd_steal(&err.message),
				hd_steal(&err.fix), NULL);
	return config;
}
