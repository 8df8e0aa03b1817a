// SPDX-License-Identifier: GPL-2.0-or-later
/* Cards, frame buffers, and the consoles on them. */
#include "tests/fakekernel/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_VGA 0x0300

/* drivers/tty/vt/vt.c: who draws the consoles when nobody else does. */
#define DUMMY "(S) dummy device"
#define FBCON "(M) frame buffer device"

static struct fk_node *sys_dir(struct fk_kernel *k, const char *path)
{
	const char *name;
	struct fk_node *dir = fk_folder_of(k->sys, path, &name);

	return dir;
}

/* Whether a driver has made the frame buffer or the card. */
static bool is_there(const struct fk_kernel *k, const struct fk_screen *screen)
{
	const struct fk_driver *driver = screen->device->driver;
	const struct fk_module *module =
		screen->module ? fk_module_find(k, screen->module) : NULL;

	return driver && strcmp(driver->name, screen->driver) == 0 &&
	       (!screen->module || (module && module->loaded));
}

/* Connectors */

static void show_status(struct fk_kernel *k, void *owner, FILE *out)
{
	const struct fk_connector *connector = owner;

	(void)k;
	fprintf(out, "%s\n", connector->seen);
}

/* status_store(): "detect" has the driver look. */
static int store_status(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_connector *connector = owner;

	if (strcmp(text, "detect") != 0)
		return -EINVAL;
	free(connector->seen);
	connector->seen = fk_strdup(connector->status);
	fk_log(k, "detect %s", connector->name);
	return 0;
}

static const struct fk_attr status_attr = { "status", 0644, show_status,
					    store_status, false };

/* Until somebody asks, nothing is known of it. */
static void add_connector(struct fk_kernel *k, const struct fk_screen *screen,
			  struct fk_connector *connector)
{
	char *name;
	struct fk_node *dir;

	if (asprintf(&name, "%s-%s", screen->card, connector->name) < 0)
		abort();
	dir = fk_dir(screen->card_dir, name);
	fk_file(dir, &status_attr, connector);
	fk_link(sys_dir(k, "class/drm/"), name, dir);
	free(name);
	free(connector->seen);
	connector->seen = fk_strdup(screen->fb ? connector->status : "unknown");
}

static void remove_connector(struct fk_kernel *k,
			     const struct fk_screen *screen,
			     const struct fk_connector *connector)
{
	char *name;

	if (asprintf(&name, "%s-%s", screen->card, connector->name) < 0)
		abort();
	fk_remove(fk_find(sys_dir(k, "class/drm/"), name));
	free(name);
}

int fk_connect(struct fk_kernel *k, const char *addr, const char *connector,
	       const char *status)
{
	struct fk_screen *screen = k->screen_list;
	int r = -ENOENT;

	for (; screen; screen = screen->next)
		for (struct fk_connector *c = screen->connectors; c;
		     c = c->next) {
			if (strcmp(screen->device->addr, addr) != 0 ||
			    strcmp(c->name, connector) != 0)
				continue;
			free(c->status);
			free(c->seen);
			c->status = fk_strdup(status);
			c->seen = fk_strdup(status);
			r = 0;
		}
	return r;
}

/* Cards and frame buffers */

static struct fk_node *make(struct fk_kernel *k, struct fk_node *parent,
			    const char *class, const char *name)
{
	struct fk_node *dir = fk_find(parent, class);
	char *path;

	if (!dir)
		dir = fk_dir(parent, class);
	dir = fk_dir(dir, name);
	if (asprintf(&path, "class/%s/", class) < 0)
		abort();
	fk_link(sys_dir(k, path), name, dir);
	free(path);
	return dir;
}

static void unmake(struct fk_kernel *k, const char *class, struct fk_node **dir)
{
	char *path;

	if (!*dir)
		return;
	if (asprintf(&path, "class/%s/", class) < 0)
		abort();
	fk_remove(fk_find(sys_dir(k, path), (*dir)->name));
	free(path);
	fk_remove(*dir);
	*dir = NULL;
}

static void add_screen(struct fk_kernel *k, struct fk_screen *screen)
{
	if (screen->card) {
		screen->card_dir =
			make(k, screen->device->dir, "drm", screen->card);
		for (struct fk_connector *c = screen->connectors; c;
		     c = c->next)
			add_connector(k, screen, c);
	}
	if (screen->fb)
		screen->fb_dir =
			make(k, screen->device->dir, "graphics", screen->fb);
}

static void remove_screen(struct fk_kernel *k, struct fk_screen *screen)
{
	for (struct fk_connector *c = screen->connectors; c; c = c->next)
		remove_connector(k, screen, c);
	unmake(k, "drm", &screen->card_dir);
	unmake(k, "graphics", &screen->fb_dir);
}

/* Consoles */

static const struct fk_screen *first_screen(const struct fk_kernel *k)
{
	const struct fk_screen *screen = k->screen_list;

	while (screen && !screen->fb_dir)
		screen = screen->next;
	return screen;
}

static bool any_framebuffer(const struct fk_kernel *k)
{
	const struct fk_firmware *firmware = k->firmware_list;

	while (firmware && !firmware->fb_dir)
		firmware = firmware->next;
	return firmware || first_screen(k);
}

/* con2fb_acquire_newinfo() takes the module of who made the frame buffer. */
bool fk_consoles_use(const struct fk_kernel *k, const char *module)
{
	const struct fk_screen *screen =
		k->fbcon_bound ? first_screen(k) : NULL;

	return screen && screen->module && strcmp(screen->module, module) == 0;
}

static void show_bind(struct fk_kernel *k, void *owner, FILE *out)
{
	fprintf(out, "%d\n", k->fbcon_bound == (owner != NULL));
}

/* store_bind() of drivers/tty/vt/vt.c, which always succeeds. The owner of
 * what can't be unbound is NULL. */
static int store_bind(struct fk_kernel *k, void *owner, const char *text)
{
	bool bound = *text != '0';

	if (owner && k->fbcon_bound != bound) {
		k->fbcon_bound = bound;
		fk_log(k, "consoles %s", bound ? FBCON : DUMMY);
	}
	return 0;
}

static const struct fk_attr bind_attr = { "bind", 0644, show_bind, store_bind,
					  false };

static struct fk_node *add_console(struct fk_kernel *k, unsigned number,
				   const char *text, void *owner)
{
	char name[32], line[64];
	struct fk_node *dir;

	snprintf(name, sizeof(name), "vtcon%u", number);
	snprintf(line, sizeof(line), "%s\n", text);
	dir = fk_dir(sys_dir(k, "devices/virtual/vtconsole/"), name);
	fk_text(dir, "name", line);
	fk_file(dir, &bind_attr, owner);
	fk_link(sys_dir(k, "class/vtconsole/"), name, dir);
	return dir;
}

/* do_take_over_console() with the first frame buffer, and
 * do_unregister_con_driver() with the last. */
static void update_consoles(struct fk_kernel *k)
{
	bool any = any_framebuffer(k);

	if (!k->consoles || any == (k->fbcon != NULL))
		return;
	k->fbcon_bound = any;
	fk_log(k, "consoles %s", any ? FBCON : DUMMY);
	if (any) {
		k->fbcon = add_console(k, ++k->fbcon_number, FBCON, k);
		return;
	}
	fk_remove(fk_find(sys_dir(k, "class/vtconsole/"), k->fbcon->name));
	fk_remove(k->fbcon);
	k->fbcon = NULL;
}

/* What goes is gone before something comes in its place. */
void fk_screens_update(struct fk_kernel *k)
{
	struct fk_screen *screen;

	for (screen = k->screen_list; screen; screen = screen->next)
		if ((screen->card_dir || screen->fb_dir) &&
		    !is_there(k, screen))
			remove_screen(k, screen);
	for (screen = k->screen_list; screen; screen = screen->next)
		if (!screen->card_dir && !screen->fb_dir && is_there(k, screen))
			add_screen(k, screen);
	update_consoles(k);
}

/* What the firmware drew on */

static void set_firmware(struct fk_kernel *k, struct fk_firmware *firmware,
			 bool bound)
{
	if (bound) {
		firmware->fb_dir =
			make(k, firmware->dir, "graphics", firmware->fb);
		fk_link(firmware->dir, "driver", firmware->driver_dir);
	} else {
		unmake(k, "graphics", &firmware->fb_dir);
		fk_remove(fk_find(firmware->dir, "driver"));
	}
	fk_screens_update(k);
}

static int store_firmware(struct fk_kernel *k, struct fk_firmware *firmware,
			  const char *text, bool bound)
{
	if (strcmp(text, firmware->name) != 0 || !firmware->dir ||
	    (firmware->fb_dir != NULL) == bound)
		return -ENODEV;
	set_firmware(k, firmware, bound);
	fk_log(k, "%s %s %s", bound ? "bind" : "unbind", firmware->name,
	       firmware->driver);
	return 0;
}

static int bind_firmware(struct fk_kernel *k, void *owner, const char *text)
{
	return store_firmware(k, owner, text, true);
}

static int unbind_firmware(struct fk_kernel *k, void *owner, const char *text)
{
	return store_firmware(k, owner, text, false);
}

static const struct fk_attr firmware_attrs[] = {
	{ "bind", 0200, NULL, bind_firmware, false },
	{ "unbind", 0200, NULL, unbind_firmware, false },
};

/* aperture_remove_conflicting_pci_devices(): of drivers that draw, and of
 * vfio-pci for VGA cards. The platform device goes as well. */
static bool removes(const struct fk_kernel *k, const struct fk_device *device)
{
	const struct fk_screen *screen = k->screen_list;

	while (screen && !(screen->device == device && is_there(k, screen)))
		screen = screen->next;
	return screen ||
	       (device->driver->vfio && device->class_code >> 8 == CLASS_VGA);
}

void fk_screen_taken(struct fk_kernel *k, const struct fk_device *device)
{
	struct fk_firmware *firmware = k->firmware_list;

	for (; firmware; firmware = firmware->next) {
		if (firmware->device != device || !firmware->dir ||
		    !removes(k, device))
			continue;
		if (firmware->fb_dir)
			unmake(k, "graphics", &firmware->fb_dir);
		fk_remove(firmware->link);
		fk_remove(firmware->dir);
		firmware->dir = firmware->link = NULL;
		fk_log(k, "remove %s", firmware->name);
	}
	fk_screens_update(k);
}

/* Descriptions */

static char *name_of(const char *word)
{
	return strcmp(word, "-") == 0 ? NULL : fk_strdup(word);
}

static const char *screen_option(struct fk_screen *screen, const char *word)
{
	struct fk_connector *connector;
	const char *value = strchr(word, '=');

	if (!value)
		return "an option of screen isn't understood";
	if (strncmp(word, "by=", 3) == 0) {
		screen->module = fk_strdup(value + 1);
		return NULL;
	}
	connector = fk_zalloc(sizeof(*connector));
	connector->next = screen->connectors;
	screen->connectors = connector;
	connector->screen = screen;
	connector->name = strndup(word, (size_t)(value - word));
	connector->status = fk_strdup(value + 1);
	connector->seen = fk_strdup("");
	return connector->name ? NULL : "no memory";
}

const char *fk_describe_screen(struct fk_kernel *k, char **words)
{
	struct fk_device *device =
		words[0] ? fk_device_find(k, words[0]) : NULL;
	struct fk_screen *screen, **slot = &k->screen_list;
	const char *wrong = NULL;

	if (!device || !words[1] || !words[2] || !words[3])
		return "screen needs a device, a driver, a card and a frame buffer";
	screen = fk_zalloc(sizeof(*screen));
	while (*slot)
		slot = &(*slot)->next;
	*slot = screen;
	screen->device = device;
	screen->driver = fk_strdup(words[1]);
	screen->card = name_of(words[2]);
	screen->fb = name_of(words[3]);
	for (words += 4; !wrong && *words; words++)
		wrong = screen_option(screen, *words);
	fk_screens_update(k);
	return wrong;
}

const char *fk_describe_firmware(struct fk_kernel *k, char **words)
{
	struct fk_firmware *firmware, **slot = &k->firmware_list;
	struct fk_device *device;

	if (!words[0] || !words[1] || !words[2] || !words[3])
		return "firmware needs a name, a driver, a frame buffer and a device";
	device = fk_device_find(k, words[3]);
	if (!device)
		return "no such device";
	firmware = fk_zalloc(sizeof(*firmware));
	while (*slot)
		slot = &(*slot)->next;
	*slot = firmware;
	firmware->name = fk_strdup(words[0]);
	firmware->driver = fk_strdup(words[1]);
	firmware->fb = fk_strdup(words[2]);
	firmware->device = device;
	firmware->dir = fk_dir(sys_dir(k, "devices/platform/"), words[0]);
	firmware->link = fk_link(sys_dir(k, "bus/platform/devices/"), words[0],
				 firmware->dir);
	firmware->driver_dir =
		fk_dir(sys_dir(k, "bus/platform/drivers/"), words[1]);
	for (size_t i = 0;
	     i < sizeof(firmware_attrs) / sizeof(firmware_attrs[0]); i++)
		fk_file(firmware->driver_dir, &firmware_attrs[i], firmware);
	set_firmware(k, firmware, true);
	return NULL;
}

const char *fk_describe_consoles(struct fk_kernel *k, char **words)
{
	(void)words;
	if (k->consoles)
		return "there are consoles already";
	k->consoles = true;
	add_console(k, 0, DUMMY, NULL);
	update_consoles(k);
	return NULL;
}

/* State and end */

void fk_screens_print(const struct fk_kernel *k, FILE *out)
{
	for (const struct fk_module *m = k->module_list; m; m = m->next) {
		fprintf(out, "module %s %s", m->name,
			m->loaded ? "loaded" : "-");
		for (const struct fk_parameter *p = m->parameters;
		     m->loaded && p; p = p->next)
			fprintf(out, " %s=%s", p->name, p->value);
		fputc('\n', out);
	}
	for (const struct fk_firmware *f = k->firmware_list; f; f = f->next)
		fprintf(out, "firmware %s %s\n", f->name,
			!f->dir	   ? "gone" :
			!f->fb_dir ? "-" :
				     f->driver);
	if (k->consoles)
		fprintf(out, "consoles %s\n", k->fbcon_bound ? FBCON : DUMMY);
}

static void free_module(struct fk_module *module)
{
	struct fk_parameter *next;

	for (struct fk_parameter *p = module->parameters; p; p = next) {
		next = p->next;
		free(p->name);
		free(p->value);
		free(p->fresh);
		free(p);
	}
	for (int i = 0; i < FK_STANDS_ON; i++)
		free(module->on[i]);
	free(module->name);
	free(module);
}

static void free_screen(struct fk_screen *screen)
{
	struct fk_connector *next;

	for (struct fk_connector *c = screen->connectors; c; c = next) {
		next = c->next;
		free(c->name);
		free(c->status);
		free(c->seen);
		free(c);
	}
	free(screen->driver);
	free(screen->module);
	free(screen->card);
	free(screen->fb);
	free(screen);
}

void fk_screens_clear(struct fk_kernel *k)
{
	while (k->module_list) {
		struct fk_module *module = k->module_list;

		k->module_list = module->next;
		free_module(module);
	}
	while (k->screen_list) {
		struct fk_screen *screen = k->screen_list;

		k->screen_list = screen->next;
		free_screen(screen);
	}
	while (k->firmware_list) {
		struct fk_firmware *firmware = k->firmware_list;

		k->firmware_list = firmware->next;
		free(firmware->name);
		free(firmware->driver);
		free(firmware->fb);
		free(firmware);
	}
	k->fbcon = NULL;
	k->consoles = k->fbcon_bound = false;
	k->fbcon_number = 0;
}
