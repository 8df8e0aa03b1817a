/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FK_SCREEN_H
#define FK_SCREEN_H

/*
 * Modules that stand on each other, cards and frame buffers, and the consoles
 * on these. A kernel that is described without them has none.
 */
#include "tests/fakekernel/kernel.h"

#define FK_STANDS_ON 4

struct fk_parameter {
	struct fk_parameter *next;
	struct fk_kernel *kernel;
	char *name;
	char *value, *fresh; /* now, and when the module was loaded */
	bool writable;
};

struct fk_module {
	struct fk_module *next;
	char *name;
	char *on[FK_STANDS_ON];
	struct fk_parameter *parameters;
	unsigned used; /* by what isn't described */
	bool loaded;
};

struct fk_connector {
	struct fk_connector *next;
	char *name, *status, *seen; /* seen: "" for what status says */
	struct fk_screen *screen;
};

/* What a driver makes of a card while it has it. */
struct fk_screen {
	struct fk_screen *next;
	struct fk_device *device;
	char *driver, *module; /* module: NULL for the driver's own */
	char *card, *fb; /* NULL: none */
	struct fk_connector *connectors;
	struct fk_node *card_dir, *fb_dir; /* while they are there */
};

/* What the firmware has drawn on. */
struct fk_firmware {
	struct fk_firmware *next;
	char *name, *driver, *fb;
	struct fk_device *device; /* that it is on */
	struct fk_node *dir, *fb_dir; /* while they are there */
	struct fk_node *link, *driver_dir;
};

/* Descriptions; NULL or what is wrong. */
const char *fk_describe_module(struct fk_kernel *k, char **words);
const char *fk_describe_screen(struct fk_kernel *k, char **words);
const char *fk_describe_firmware(struct fk_kernel *k, char **words);
const char *fk_describe_consoles(struct fk_kernel *k, char **words);

/* 0, -ENOENT, -EEXIST; -EAGAIN for what is in use. */
int fk_module_load(struct fk_kernel *k, const char *name);
int fk_module_unload(struct fk_kernel *k, const char *name);
struct fk_module *fk_module_find(const struct fk_kernel *k, const char *name);

/* Whether a module of this name is there that holds a card of its driver. */
bool fk_module_is_held(const struct fk_kernel *k, const char *name);

/* Prints the reference count of a module whose folder is @owner. */
extern const struct fk_attr fk_attr_refcnt;

/* A driver has taken a device: what the firmware drew on it may go. */
void fk_screen_taken(struct fk_kernel *k, const struct fk_device *device);

/* Lets cards, frame buffers and consoles follow drivers and modules. */
void fk_screens_update(struct fk_kernel *k);

/* A screen is put to a connector, or its driver finds it only when asked. */
int fk_connect(struct fk_kernel *k, const char *addr, const char *connector,
	       const char *status);

/* The frame buffer that the consoles are on is this module's. */
bool fk_consoles_use(const struct fk_kernel *k, const char *module);

void fk_screens_print(const struct fk_kernel *k, FILE *out);
void fk_screens_clear(struct fk_kernel *k);

/* The folder that kmod.c writes to. */
void fk_module_files(struct fk_kernel *k);

#endif
