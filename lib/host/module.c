// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/module.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/bootargs.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

/* One module, looked at through libkmod. */
struct session {
	struct kmod_ctx *ctx;
	struct kmod_module *module;
};

#define AUTO_SESSION __attribute__((cleanup(session_end)))

static void session_end(struct session *session)
{
	if (session->module)
		kmod_module_unref(session->module);
	if (session->ctx)
		kmod_unref(session->ctx);
}

/* By default libkmod writes to stderr, which belongs to our one sentence. */
static void log_nothing(void *data, int priority, const char *file, int line,
			const char *fn, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn;
	(void)format, (void)args;
}

static int refuse_command(struct kmod_module *module, const char *command,
			  void *data)
{
	(void)module, (void)command, (void)data;
	return -EPERM;
}

static int new_context(struct session *session)
{
	session->ctx = kmod_new(NULL, NULL);
	if (!session->ctx)
		return -ENOMEM;
	kmod_set_log_fn(session->ctx, log_nothing, NULL);
	return 0;
}

static int session_begin(struct session *session, const char *driver)
{
	int r = new_context(session);

	return r < 0 ? r :
		       kmod_module_new_from_name(session->ctx, driver,
						 &session->module);
}

/* What the kernel's own lists and modprobe.d say, as texts. */

/* Lines of depmod(8) and of a kernel with everything built in are below this.
 */
#define LIST_LIMIT (64 * 1024 * 1024)

#define CONF_LIMIT (1024 * 1024)

const char *const hd_modprobe_folders[] = {
	"/etc/modprobe.d",     "/run/modprobe.d", "/usr/local/lib/modprobe.d",
	"/usr/lib/modprobe.d", "/lib/modprobe.d", NULL,
};

bool hd_modprobe_is_masked(int dir_fd, const char *name)
{
	static const char nothing[] = "/dev/null";
	char target[sizeof(nothing)];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));

	return n == sizeof(nothing) - 1 &&
	       memcmp(target, nothing, sizeof(nothing) - 1) == 0;
}

/* Reads /lib/modules/RELEASE/NAME of the host's kernel. */
static struct hd_seen read_list(const struct hd_host *host, const char *name,
				char **ret)
{
	HD_AUTOFREE char *release = NULL;
	HD_AUTOFREE char *path = NULL;
	size_t length;
	int r = hd_proc_read_release(host, &release);

	if (r < 0)
		return hd_seen_of(r);
	path = hd_text("/lib/modules/%s/%s", release, name);
	return path ? hd_host_read(host, path, LIST_LIMIT, ret, &length) :
		      hd_seen_of(-ENOMEM);
}

bool hd_module_list_has(const char *text, const char *module)
{
	size_t n = strlen(module);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *p, *name;

		line += *line == '\n';
		name = line;
		for (p = line; *p && *p != '\n' && *p != ':'; p++)
			if (*p == '/')
				name = p + 1;
		if ((size_t)(p - name) > n + 2 && hd_after(name + n, ".ko") &&
		    hd_module_names_equal(name, module, n))
			return true;
	}
	return false;
}

/* Whether a list names the module; absent when there is no such list. */
static struct hd_seen look_in_list(const struct hd_host *host, const char *list,
				   const char *driver, bool *ret)
{
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen = read_list(host, list, &text);

	*ret = seen.is == HD_PRESENT && hd_module_list_has(text, driver);
	return seen;
}

/* Whether "alias vfio_pci:... DRIVER" is among the aliases of all modules. */
static struct hd_seen look_for_alias(const struct hd_host *host,
				     const char *driver, bool *ret)
{
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen = read_list(host, "modules.alias", &text);
	char *rest = text, *line;

	*ret = false;
	while (seen.is == HD_PRESENT && (line = strsep(&rest, "\n"))) {
		const char *name = strrchr(line, ' ');

		*ret |= hd_after(line, "alias vfio_pci:") &&
			hd_module_names_equal(name + 1, driver, SIZE_MAX);
	}
	return seen;
}

/* What modprobe.d says of one module. */
struct conf {
	const struct hd_host *host;
	const char *driver;
	const char *folder; /* that is read */
	char **names; /* of the files that were read; owned */
	size_t n;
	bool blacklisted, command;
};

static void free_conf(struct conf *conf)
{
	for (size_t i = 0; i < conf->n; i++)
		free(conf->names[i]);
	free(conf->names);
}

/* "blacklist NAME", "install NAME COMMAND", with any blanks. */
static void take_line(struct conf *conf, char *line)
{
	static const char blanks[] = " \t\r";
	char *rest = line + strspn(line, blanks);
	const char *word = strsep(&rest, blanks);
	const char *name;

	rest += rest ? strspn(rest, blanks) : 0;
	name = rest ? strsep(&rest, blanks) : NULL;
	if (!name || !hd_module_names_equal(name, conf->driver, SIZE_MAX))
		return;
	conf->blacklisted |= strcmp(word, "blacklist") == 0;
	conf->command |= strcmp(word, "install") == 0;
}

/* A line goes on behind a backslash at its end. */
static void join_lines(char *text)
{
	for (char *p = text; (p = strstr(p, "\\\n")); p += 2)
		p[0] = p[1] = ' ';
}

/* Whether a folder that outranks this one has a file of the name. */
static bool is_outranked(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n; i++)
		if (strcmp(conf->names[i], name) == 0)
			return true;
	return false;
}

static int note_name(struct conf *conf, const char *name)
{
	char **slot = hd_array_add(&conf->names, &conf->n, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = strdup(name);
	if (*slot)
		return 0;
	conf->n--;
	return -ENOMEM;
}

static int visit_conf(void *data, int dir_fd, const char *name)
{
	struct conf *conf = data;
	HD_AUTOFREE char *path = hd_text("%s/%s", conf->folder, name);
	HD_AUTOFREE char *text = NULL;
	char *rest, *line;
	size_t length;
	int r;

	if (!path)
		return -ENOMEM;
	if (*name == '.' || !hd_ends_with(name, ".conf") ||
	    is_outranked(conf, name))
		return 0;
	r = note_name(conf, name);
	if (r < 0 || hd_modprobe_is_masked(dir_fd, name))
		return r;
	/* By its path, as the host follows links. What a link of a copied tree
	 * leads to may not have been copied: then it can't be known. */
	r = hd_seen_required(
		hd_host_read(conf->host, path, CONF_LIMIT, &text, &length));
	if (r < 0)
		return r == -EISDIR ? 0 : r == -ENOENT ? -ENOLINK : r;
	join_lines(text);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		take_line(conf, line);
	return 0;
}

/* "modprobe.blacklist=a,b" on the kernel's command line. */
static int read_cmdline(struct conf *conf)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };
	const struct hd_bootarg *arg = NULL;
	int r = hd_bootargs_read(conf->host, &args);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((arg = hd_bootargs_find(&args, "modprobe.blacklist", arg)))
		for (const char *p = arg->value; p; p = strchr(p, ',')) {
			size_t n;

			p += *p == ',';
			n = strcspn(p, ",");
			conf->blacklisted |=
				strlen(conf->driver) == n &&
				hd_module_names_equal(p, conf->driver, n);
		}
	return 0;
}

/* Its folders needn't be there. */
static int read_conf(struct conf *conf)
{
	int r = read_cmdline(conf);

	for (const char *const *folder = hd_modprobe_folders; r == 0 && *folder;
	     folder++) {
		int fd = -1;
		struct hd_seen seen = hd_host_openat(
			conf->host, *folder, O_RDONLY | O_DIRECTORY, &fd);

		conf->folder = *folder;
		r = seen.is == HD_PRESENT ? hd_dir_each(fd, visit_conf, conf) :
					    seen.error;
	}
	return r;
}

static int state_by_conf(const struct hd_host *host, const char *driver,
			 enum hd_module_state *ret)
{
	HD_AUTO(free_conf)
	struct conf conf = { .host = host, .driver = driver };
	int r = read_conf(&conf);

	*ret = conf.blacklisted ? HD_MODULE_BLACKLISTED :
	       conf.command	? HD_MODULE_COMMAND :
				  HD_MODULE_LOADABLE;
	return r;
}

/*
 * A copied tree is looked at through its texts, which depmod(8) writes beside
 * the indexes that libkmod needs: libkmod would take links of the tree for this
 * machine's, and this machine's command line for the tree's.
 */
static int state_by_texts(const struct hd_host *host, const char *driver,
			  bool variant, enum hd_module_state *ret)
{
	bool builtin, listed, alias = true;
	struct hd_seen seen =
		look_in_list(host, "modules.builtin", driver, &builtin);
	struct hd_seen dep = look_in_list(host, "modules.dep", driver, &listed);

	if (seen.error || dep.error)
		return seen.error ? seen.error : dep.error;
	*ret = HD_MODULE_UNKNOWN;
	if (variant && (builtin || listed)) {
		seen = look_for_alias(host, driver, &alias);
		if (seen.is != HD_PRESENT)
			return seen.error;
	}
	if (!alias)
		*ret = HD_MODULE_NOT_VFIO;
	else if (builtin)
		*ret = HD_MODULE_PRESENT;
	else if (listed)
		return state_by_conf(host, driver, ret);
	else if (dep.is == HD_PRESENT && seen.is == HD_PRESENT)
		*ret = HD_MODULE_MISSING;
	return 0;
}

/* This machine, through libkmod. */

static int is_blacklisted(const struct session *session, bool *ret)
{
	struct kmod_config_iter *iter =
		kmod_config_get_blacklists(session->ctx);

	*ret = false;
	if (!iter)
		return -ENOMEM;
	while (!*ret && kmod_config_iter_next(iter))
		*ret = strcmp(kmod_config_iter_get_key(iter),
			      kmod_module_get_name(session->module)) == 0;
	kmod_config_iter_free_iter(iter);
	return 0;
}

/*
 * Without a path libkmod knows of no such module, or couldn't read its index.
 * The text beside that tells which; a kernel without modules has neither.
 */
static int find_path(const struct hd_host *host, const struct session *session,
		     const char *driver, bool *ret)
{
	*ret = kmod_module_get_path(session->module) != NULL;
	return *ret ? 0 :
		      hd_seen_optional(
			      look_in_list(host, "modules.dep", driver, ret));
}

static int state_of(const struct hd_host *host, const struct session *session,
		    const char *driver, enum hd_module_state *ret)
{
	int loaded = kmod_module_get_initstate(session->module);
	bool there, blacklisted = false;
	int r;

	*ret = HD_MODULE_PRESENT;
	if (loaded == KMOD_MODULE_LIVE || loaded == KMOD_MODULE_BUILTIN)
		return 0;
	if (loaded < 0 && loaded != -ENOENT)
		return loaded;
	r = find_path(host, session, driver, &there);
	if (r == 0)
		r = is_blacklisted(session, &blacklisted);
	if (r < 0)
		return r;
	*ret = !there	   ? HD_MODULE_MISSING :
	       blacklisted ? HD_MODULE_BLACKLISTED :
	       kmod_module_get_install_commands(session->module) ?
			     HD_MODULE_COMMAND :
			     HD_MODULE_LOADABLE;
	return 0;
}

/* Whether the module declares itself a driver for vfio-pci's devices. */
static int has_vfio_alias(const struct session *session, bool *ret)
{
	struct kmod_list *info = NULL, *item;
	int r = kmod_module_get_info(session->module, &info);

	*ret = false;
	if (r < 0) /* what has no file declares nothing */
		return r == -ENOENT ? 0 : r;
	for (item = info; item; item = kmod_list_next(info, item))
		*ret |= strcmp(kmod_module_info_get_key(item), "alias") == 0 &&
			hd_after(kmod_module_info_get_value(item), "vfio_pci:");
	kmod_module_info_free_list(info);
	return 0;
}

static int state_by_libkmod(const struct hd_host *host, const char *driver,
			    bool variant, enum hd_module_state *ret)
{
	AUTO_SESSION struct session session = { .ctx = NULL };
	bool alias = true;
	int r = session_begin(&session, driver);

	if (r == 0)
		r = state_of(host, &session, driver, ret);
	if (r == 0 && variant && *ret != HD_MODULE_MISSING)
		r = has_vfio_alias(&session, &alias);
	if (r == 0 && !alias)
		*ret = HD_MODULE_NOT_VFIO;
	return r;
}

static int query(const struct hd_host *host, const char *driver,
		 enum hd_module_state *ret)
{
	bool variant = strcmp(driver, "vfio-pci") != 0, there;
	HD_AUTOCLOSE int driver_fd = -1;
	int r;

	*ret = HD_MODULE_MISSING;
	if (!hd_sysfs_is_name(driver))
		return 0;
	r = hd_seen_whether(hd_sysfs_open_driver(host, driver, &driver_fd),
			    &there);
	if (r < 0)
		return r;
	*ret = HD_MODULE_PRESENT;
	if (there && !variant)
		return 0;
	return host->live ? state_by_libkmod(host, driver, variant, ret) :
			    state_by_texts(host, driver, variant, ret);
}

int hd_module_query(const struct hd_host *host, const char *driver,
		    enum hd_module_state *ret, struct hd_err *err)
{
	enum hd_module_state state;
	int r = query(host, driver, &state);

	if (r < 0)
		return hd_err_set(
			err, -r,
			"cannot learn about the module of driver %s: %s",
			driver, strerror(-r));
	*ret = state;
	return 0;
}

/* What a shell would make something else of. */
static bool is_plain(const char *command)
{
	return !command[strcspn(command, "$&|<>()[]{}*?!~#`'\"\\\n")];
}

/* One call of modprobe; nothing between two semicolons is none. */
static int install_one(char *call, hd_install_fn load, void *data)
{
	static const char blanks[] = " \t";
	char *rest = call + strspn(call, blanks), *word;
	bool ignore = false;

	word = strsep(&rest, blanks);
	if (!*word)
		return 0;
	if (strcmp(word, "modprobe") != 0 &&
	    !hd_ends_with(word, "bin/modprobe"))
		return -EPERM;
	do {
		if (rest)
			rest += strspn(rest, blanks);
		word = rest ? strsep(&rest, blanks) : NULL;
		if (!word)
			return -EPERM;
		if (*word == '-' && strcmp(word, "-i") != 0 &&
		    strcmp(word, "--ignore-install") != 0)
			return -EPERM;
		ignore |= *word == '-';
	} while (*word == '-');
	if (!hd_sysfs_is_name(word))
		return -EPERM;
	if (rest)
		rest += strspn(rest, blanks);
	return load(data, word, ignore, rest ? rest : "");
}

int hd_install_command(const char *command, hd_install_fn load, void *data)
{
	HD_AUTOFREE char *copy = strdup(command);
	char *rest = copy, *call;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	if (!is_plain(command))
		return -EPERM;
	while (r == 0 && (call = strsep(&rest, ";")))
		r = install_one(call, load, data);
	return r;
}

/* Commands that lead to each other have an end. */
#define COMMANDS 8

static int run_command(struct kmod_module *module, const char *command,
		       void *data);

/* @depth: in so many commands. */
static int insert(const struct session *session, bool ignore,
		  const char *options, unsigned depth)
{
	int r = kmod_module_probe_insert_module(
		session->module, ignore ? KMOD_PROBE_IGNORE_COMMAND : 0,
		*options ? options : NULL, run_command, &depth, NULL);

	return r == -EEXIST ? 0 : r;
}

/* libkmod forgets what is required of what when it is at work twice, so that
 * failures would be none: each command has a context of its own. */
static int install_module(void *data, const char *name, bool ignore,
			  const char *options)
{
	AUTO_SESSION struct session session = { .ctx = NULL };
	const unsigned *depth = data;
	int r = *depth < COMMANDS ? session_begin(&session, name) : -ELOOP;

	return r < 0 ? r : insert(&session, ignore, options, *depth + 1);
}

static int run_command(struct kmod_module *module, const char *command,
		       void *data)
{
	(void)module;
	return hd_install_command(command, install_module, data);
}

static int fail_to_load(int r, const char *driver, struct hd_err *err)
{
	if (r > 0) /* libkmod's word for "blacklisted" */
		r = -EPERM;
	if (r < 0 && r != -EEXIST)
		return hd_err_set(err, -r, "cannot load module %s: %s", driver,
				  strerror(-r));
	return 0;
}

int hd_module_load(const struct hd_host *host, const char *driver,
		   struct hd_err *err)
{
	AUTO_SESSION struct session session = { .ctx = NULL };
	int r = host->live ? session_begin(&session, driver) : -EROFS;

	if (r == 0)
		r = kmod_module_probe_insert_module(
			session.module, KMOD_PROBE_APPLY_BLACKLIST, NULL,
			refuse_command, NULL, NULL);
	return fail_to_load(r, driver, err);
}

int hd_module_load_again(const struct hd_host *host, const char *module,
			 struct hd_err *err)
{
	AUTO_SESSION struct session session = { .ctx = NULL };
	int r = host->live ? session_begin(&session, module) : -EROFS;

	if (r == 0)
		r = insert(&session, false, "", 0);
	return fail_to_load(r, module, err);
}

int hd_module_unload(const struct hd_host *host, const char *module,
		     struct hd_err *err)
{
	AUTO_SESSION struct session session = { .ctx = NULL };
	int r = host->live ? session_begin(&session, module) : -EROFS;

	if (r == 0)
		r = kmod_module_remove_module(session.module, 0);
	if (r == -EAGAIN || r == -EBUSY)
		return -EAGAIN;
	if (r < 0 && r != -ENOENT)
		return hd_err_set(err, -r, "cannot unload module %s: %s",
				  module, strerror(-r));
	return 0;
}

struct hd_seen hd_vfio_node_look(const struct hd_host *host)
{
	HD_AUTOCLOSE int fd = -1;

	return host->live ? hd_host_openat(host, "dev/vfio/vfio", O_PATH, &fd) :
			    hd_seen_present();
}
