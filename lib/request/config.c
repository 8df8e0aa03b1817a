// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/ini.h"
#include "lib/base/text.h"
#include "lib/base/uuid.h"
#include "lib/base/word.h"

#define FILE_LIMIT (64 * 1024)
#define LONGEST_TIMEOUT 3600

/* Where we are in which file. */
struct reader {
	struct hd_config *config;
	enum kind { NOWHERE, IN_HOST, IN_DEVICE, IN_GUEST } kind;
	size_t section; /* of IN_DEVICE, IN_GUEST: which of the policy's */
	struct hd_said here;
	struct hd_err *err;
};

static struct hd_policy_section *section_of(const struct reader *reader)
{
	return &reader->config->policy.sections[reader->section];
}

/* Values: 0, -EINVAL for what is none, -ENOMEM. */

static int set_step_timeout(struct reader *reader, char *value)
{
	int64_t seconds;

	if (!hd_word_number(value, LONGEST_TIMEOUT, &seconds) || seconds == 0)
		return -EINVAL;
	reader->config->step_seconds = (unsigned)seconds;
	return 0;
}

static int set_siblings(struct reader *reader, char *value)
{
	return hd_siblings_parse(value, &reader->config->policy.siblings) ?
		       0 :
		       -EINVAL;
}

static int set_hand_over(struct reader *reader, char *value)
{
	enum hd_hand_over hand_over;

	if (!hd_hand_over_parse(value, &hand_over))
		return -EINVAL;
	reader->config->policy.hand_over = hand_over == HD_HAND_OVER_YES;
	return 0;
}

static int set_may_stop(struct reader *reader, char *value)
{
	struct hd_patterns *stops = &reader->config->policy.stops;
	bool none = strcmp(value, "none") == 0;
	char *word;
	int r = 0;

	hd_patterns_clear(stops);
	while (!none && r == 0 && (word = hd_list_next(&value)))
		r = hd_unit_pattern_fits(word) ? hd_patterns_add(stops, word) :
						 -EINVAL;
	return r == 0 && !none && stops->n == 0 ? -EINVAL : r;
}

static int set_may(struct reader *reader, char *value)
{
	struct hd_policy *policy = &reader->config->policy;
	bool host = reader->kind == IN_HOST;
	unsigned may;

	if (!hd_may_parse(value, &may))
		return -EINVAL;
	*(host ? &policy->may : &section_of(reader)->may) = may;
	*(host ? &policy->may_said : &section_of(reader)->may_said) =
		reader->here;
	return 0;
}

static int set_devices(struct reader *reader, char *value)
{
	struct hd_policy_section *section = section_of(reader);
	char *word;

	free(section->devices);
	section->devices = NULL;
	section->n_devices = 0;
	while ((word = hd_list_next(&value))) {
		struct hd_device_pattern pattern, *slot;

		if (!hd_device_pattern_parse(word, &pattern))
			return -EINVAL;
		slot = hd_array_add(&section->devices, &section->n_devices,
				    sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		*slot = pattern;
	}
	section->match_said = reader->here;
	return section->n_devices ? 0 : -EINVAL;
}

/* What looks like a set of characters is none here: it would match nobody. */
static int add_guest(struct hd_patterns *patterns, const char *word)
{
	char uuid[HD_UUID_SIZE];
	bool is_uuid = strlen(word) == HD_UUID_SIZE - 1 &&
		       hd_uuid_normalise(word, uuid);

	if (strpbrk(word, "[]\\"))
		return -EINVAL;
	return hd_patterns_add(patterns, is_uuid ? uuid : word);
}

static int set_patterns(struct hd_patterns *patterns, char *value)
{
	char *word;
	int r = 0;

	hd_patterns_clear(patterns);
	while (r == 0 && (word = hd_list_next(&value)))
		r = add_guest(patterns, word);
	return r == 0 && patterns->n == 0 ? -EINVAL : r;
}

static int set_guests(struct reader *reader, char *value)
{
	section_of(reader)->match_said = reader->here;
	return set_patterns(&section_of(reader)->guests, value);
}

static int set_owners(struct reader *reader, char *value)
{
	struct hd_policy_section *section = section_of(reader);

	section->owners_said = reader->here;
	if (strcmp(value, "none") != 0)
		return set_patterns(&section->owners, value);
	hd_patterns_clear(&section->owners);
	return 0;
}

#define GUESTS "names of guests, in which * and ? stand for others, or UUIDs"

static const struct {
	enum kind kind;
	const char *name;
	const char *values; /* NULL: those of domains-may */
	int (*set)(struct reader *reader, char *value);
} settings[] = {
	{ IN_HOST, "step-timeout", "1 to 3600 seconds", set_step_timeout },
	{ IN_HOST, "siblings", "refuse or bind", set_siblings },
	{ IN_HOST, "domains-may", NULL, set_may },
	{ IN_HOST, "hand-over", "yes or no", set_hand_over },
	{ IN_HOST, "may-stop", "none, or " HD_UNIT_PATTERNS, set_may_stop },
	{ IN_DEVICE, "match", HD_DEVICE_PATTERNS, set_devices },
	{ IN_DEVICE, "domains-may", NULL, set_may },
	{ IN_DEVICE, "guests", "none, or " GUESTS, set_owners },
	{ IN_GUEST, "match", GUESTS, set_guests },
	{ IN_GUEST, "domains-may", NULL, set_may },
};

static const struct {
	enum kind kind;
	const char *name;
} kinds[] = {
	{ IN_HOST, "host" },
	{ IN_DEVICE, "device" },
	{ IN_GUEST, "guest" },
};

/* Lines */

static int refuse(const struct reader *reader, struct hd_said at, char *what)
{
	HD_AUTOFREE char *owned = what;

	return owned ? hd_err_set(reader->err, EINVAL, "%s, line %u: %s",
				  at.file, at.line, owned) :
		       hd_err_nomem(reader->err);
}

static int add_section(struct reader *reader, const char *name)
{
	struct hd_policy *policy = &reader->config->policy;
	bool of_guests = reader->kind == IN_GUEST;
	struct hd_policy_section *section;

	for (size_t i = 0; i < policy->n_sections; i++) {
		section = &policy->sections[i];
		reader->section = i;
		if (section->of_guests == of_guests &&
		    strcmp(section->name, name) == 0)
			return 0;
	}
	section = hd_array_add(&policy->sections, &policy->n_sections,
			       sizeof(*section));
	if (!section)
		return hd_err_nomem(reader->err);
	reader->section = policy->n_sections - 1;
	section->of_guests = of_guests;
	section->begins = reader->here;
	section->name = strdup(name);
	return section->name ? 0 : hd_err_nomem(reader->err);
}

static int begin_section(struct reader *reader, char *head)
{
	char *name = head;
	const char *kind = strsep(&name, " \t");

	reader->kind = NOWHERE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i].name) == 0)
			reader->kind = kinds[i].kind;
	if (name)
		name += strspn(name, " \t");
	if (reader->kind == NOWHERE || (reader->kind == IN_HOST && name))
		return refuse(
			reader, reader->here,
			hd_text("there is no section [%s%s%s]; there are [host], [device NAME] and [guest NAME]",
				kind, name ? " " : "", name ? name : ""));
	if (reader->kind == IN_HOST)
		return 0;
	if (!name)
		return refuse(
			reader, reader->here,
			hd_text("section [%s] has no name of its own, as in [%s NAME]",
				kind, kind));
	return add_section(reader, name);
}

/* The head of the section that is read. */
static char *head_of(const struct reader *reader)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (reader->kind == kinds[i].kind)
			return reader->kind == IN_HOST ?
				       strdup(kinds[i].name) :
				       hd_text("%s %s", kinds[i].name,
					       section_of(reader)->name);
	return strdup("");
}

static int refuse_value(const struct reader *reader, size_t setting,
			const char *value)
{
	const char *values = settings[setting].values;
	HD_AUTOFREE char *may = values ? NULL : hd_may_words();

	if (!values && !may)
		return hd_err_nomem(reader->err);
	return refuse(reader, reader->here,
		      hd_text("%s takes %s, not '%s'", settings[setting].name,
			      values ? values : may, value));
}

static int refuse_setting(const struct reader *reader, const char *name)
{
	HD_AUTOFREE char *head = head_of(reader);

	return refuse(reader, reader->here,
		      head ? hd_text("there is no setting %s in section [%s]",
				     name, head) :
			     NULL);
}

static int take_setting(struct reader *reader, const struct hd_ini *ini)
{
	HD_AUTOFREE char *value = strdup(ini->value);

	for (size_t i = 0; value && i < sizeof(settings) / sizeof(settings[0]);
	     i++) {
		int r;

		if (settings[i].kind != reader->kind ||
		    strcmp(settings[i].name, ini->name) != 0)
			continue;
		r = settings[i].set(reader, value);
		if (r == -EINVAL)
			return refuse_value(reader, i, ini->value);
		return r < 0 ? hd_err_nomem(reader->err) : 0;
	}
	return value ? refuse_setting(reader, ini->name) :
		       hd_err_nomem(reader->err);
}

static int parse(const char *path, char *text, struct hd_config *config,
		 struct hd_err *err)
{
	struct hd_policy *policy = &config->policy;
	struct reader reader = { .config = config, .err = err };
	struct hd_ini ini = { .rest = text };
	enum hd_ini_line line;
	char **file =
		hd_array_add(&policy->files, &policy->n_files, sizeof(*file));
	int r = 0;

	if (file)
		*file = strdup(path);
	if (!file || !*file)
		return hd_err_nomem(err);
	while (r == 0 && (line = hd_ini_next(&ini)) != HD_INI_END) {
		reader.here =
			(struct hd_said){ policy->files[policy->n_files - 1],
					  ini.line };
		if (line == HD_INI_SECTION)
			r = begin_section(&reader, ini.name);
		else if (line == HD_INI_SETTING)
			r = take_setting(&reader, &ini);
		else
			r = refuse(
				&reader, reader.here,
				strdup("it is neither [section] nor setting = value"));
	}
	return r;
}

/* Files */

static int refuse_file(const char *path, int r, struct hd_err *err)
{
	return hd_err_set(err, -r, "%s can't be read: %s", path, strerror(-r));
}

/* Who can write to it decides what is protected. A copied tree belongs to
 * whoever copied it. */
static int check_owner(const struct hd_host *host, const char *path,
		       const struct stat *st, struct hd_err *err)
{
	if (!host->live || (st->st_uid == 0 && !(st->st_mode & 022)))
		return 0;
	hd_err_set(
		err, EPERM,
		"%s belongs to user %u with mode %04o, so others than root decide what it says",
		path, st->st_uid, st->st_mode & 07777);
	hd_err_fix(err, "chown root %s; chmod go-w %s", path, path);
	return -EINVAL;
}

/* Whether the name is there, be it as what can't be opened. */
static int find_file(int dir_fd, const char *name, const char *path,
		     bool *ret_there, struct hd_err *err)
{
	HD_AUTOCLOSE int fd =
		openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	*ret_there = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : refuse_file(path, -errno, err);
	if (fstat(fd, &st) < 0)
		return refuse_file(path, -errno, err);
	if (S_ISREG(st.st_mode))
		return 0;
	return hd_err_set(err, EINVAL, "%s is %s, not a file of its own", path,
			  S_ISLNK(st.st_mode)  ? "a symbolic link" :
			  S_ISDIR(st.st_mode)  ? "a folder" :
			  S_ISFIFO(st.st_mode) ? "a pipe" :
						 "a device or a socket");
}

static int read_text(const struct hd_host *host, int dir_fd, const char *name,
		     const char *path, char **ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = openat(
		dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	HD_AUTOFREE char *text = NULL;
	struct stat st;
	size_t length;
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (r < 0)
		return refuse_file(path, r, err);
	r = check_owner(host, path, &st, err);
	if (r < 0)
		return r;
	r = hd_read_all(fd, FILE_LIMIT, &text, &length);
	if (r == -EFBIG)
		return hd_err_set(
			err, EFBIG,
			"%s has more than %d KiB, so it is no configuration",
			path, FILE_LIMIT / 1024);
	if (r < 0)
		return refuse_file(path, r, err);
	if (memchr(text, '\0', length))
		return hd_err_set(err, EINVAL, "%s is no text", path);
	*ret = hd_steal(&text);
	return 0;
}

static int read_file(const struct hd_host *host, int dir_fd, const char *name,
		     const char *path, bool listed, struct hd_config *config,
		     struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	bool there;
	int r = find_file(dir_fd, name, path, &there, err);

	if (r == 0 && !there && listed)
		return hd_err_set(err, EAGAIN,
				  "%s went away while it was read; try again",
				  path);
	if (r < 0 || !there)
		return r;
	r = read_text(host, dir_fd, name, path, &text, err);
	return r < 0 ? r : parse(path, text, config, err);
}

static int is_conf(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && hd_ends_with(entry->d_name, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_listed(const struct hd_host *host, int fd,
		       struct hd_config *config, struct hd_err *err)
{
	struct dirent **entries = NULL;
	int n = scandirat(fd, ".", &entries, is_conf, by_bytes);
	int r = n < 0 ? refuse_file(HD_CONFIG_DIR, -errno, err) : 0;

	for (int i = 0; i < n; i++) {
		HD_AUTOFREE char *path =
			hd_text(HD_CONFIG_DIR "/%s", entries[i]->d_name);

		if (r == 0 && !path)
			r = hd_err_nomem(err);
		if (r == 0)
			r = read_file(host, fd, entries[i]->d_name, path, true,
				      config, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int read_folder(const struct hd_host *host, int etc_fd,
		       struct hd_config *config, struct hd_err *err)
{
	HD_AUTOCLOSE int fd =
		openat(etc_fd, strrchr(HD_CONFIG_DIR, '/') + 1,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse_file(HD_CONFIG_DIR, -errno, err);
	r = check_owner(host, HD_CONFIG_DIR, &st, err);
	return r < 0 ? r : read_listed(host, fd, config, err);
}

/* One that is about nothing protects nothing, and somebody meant it to. */
static int check_sections(const struct hd_config *config, struct hd_err *err)
{
	const struct hd_policy *policy = &config->policy;

	for (size_t i = 0; i < policy->n_sections; i++) {
		const struct hd_policy_section *section = &policy->sections[i];

		if (!section->match_said.file)
			return hd_err_set(
				err, EINVAL,
				"%s, line %u: section [%s %s] has no match, so it is about nothing",
				section->begins.file, section->begins.line,
				section->of_guests ? "guest" : "device",
				section->name);
	}
	return 0;
}

static int read_all(const struct hd_host *host, struct hd_config *config,
		    struct hd_err *err)
{
	HD_AUTOCLOSE int etc_fd = -1;
	struct hd_seen etc =
		hd_host_openat(host, "/etc", O_PATH | O_DIRECTORY, &etc_fd);
	bool there;
	int r = hd_seen_whether(etc, &there);

	if (r < 0)
		return refuse_file("/etc", r, err);
	if (!there)
		return 0;
	r = read_file(host, etc_fd, strrchr(HD_CONFIG_FILE, '/') + 1,
		      HD_CONFIG_FILE, false, config, err);
	if (r == 0)
		r = read_folder(host, etc_fd, config, err);
	return r < 0 ? r : check_sections(config, err);
}

int hd_config_read(const struct hd_host *host, struct hd_config *ret,
		   struct hd_err *err)
{
	HD_AUTO_CONFIG struct hd_config config = HD_CONFIG_INIT;
	int r = read_all(host, &config, err);

	*ret = (struct hd_config)HD_CONFIG_INIT;
	if (r < 0)
		return r;
	*ret = config;
	config = (struct hd_config)HD_CONFIG_INIT;
	return 0;
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

void hd_config_clear(struct hd_config *config)
{
	hd_policy_clear(&config->policy);
	*config = (struct hd_config)HD_CONFIG_INIT;
}
