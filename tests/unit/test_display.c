// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/display/card.h"
#include "lib/display/connector.h"
#include "lib/display/console.h"
#include "lib/display/framebuffer.h"
#include "lib/display/module_stack.h"
#include "lib/display/wait.h"
#include "lib/host/graphics.h"
#include "lib/host/module.h"
#include "tests/unit/place.h"

/* In a tree: a symbolic link, an empty folder, and nothing where the base has
 * something. */
#define LINK "->"
#define FOLDER "/"
#define ABSENT "-"

#define CARD "0000:01:00.0"
#define OTHER "0000:05:00.0"
#define PCI(address) "../../devices/pci0000:00/" address
#define DEVICE(address) "sys/bus/pci/devices/" address
#define FB(number) "sys/class/graphics/fb" number
#define VTCON(number) "sys/class/vtconsole/vtcon" number
#define DRM(name) "sys/class/drm/" name
#define MODULE(name) "sys/module/" name
#define PLATFORM "sys/bus/platform"
#define EFI "efi-framebuffer.0"
#define IOMEM "proc/iomem"

#define CONSOLE "(M) frame buffer device"
#define N_ENTRIES 16

struct entry {
	const char *path, *text;
};

/* A card with the consoles and a screen on it, and one that has no screen. */
static const struct entry base[] = {
	{ "proc/sys/kernel/osrelease", "6.12.1-amd64\n" },
	{ DEVICE(CARD) "/boot_vga", "1\n" },
	{ DEVICE(CARD) "/resource",
	  "0x0000000090000000 0x000000009fffffff 0x000000000014220c\n" },
	{ FB("0"), LINK PCI(CARD) "/graphics/fb0" },
	{ "sys/class/graphics/fbcon/rotate", "0\n" },
	{ VTCON("0") "/name", "(S) dummy device\n" },
	{ VTCON("0") "/bind", "0\n" },
	{ VTCON("1") "/name", CONSOLE "\n" },
	{ VTCON("1") "/bind", "1\n" },
	{ DRM("card0"), LINK PCI(CARD) "/drm/card0" },
	{ DRM("card0-DP-1") "/status", "connected\n" },
	{ DRM("card0-HDMI-A-1") "/status", "disconnected\n" },
	{ DRM("card0-Writeback-1") "/status", "connected\n" },
	{ DRM("card1"), LINK PCI(OTHER) "/drm/card1" },
	{ DRM("card1-DP-2") "/status", "connected\n" },
	{ "sys/bus/pci/drivers/nvidia/" CARD "/x", "" },
	{ "sys/bus/pci/drivers/nvidia/module/x", "" },
	{ MODULE("nvidia/holders"), FOLDER },
};

static void put(const struct place *place, const char *path, const char *text)
{
	char whole[256];
	struct stat st;

	if (strcmp(text, ABSENT) == 0) {
		place_remove(place, path);
		return;
	}
	if (strcmp(text, FOLDER) != 0 && !hd_after(text, LINK)) {
		place_write(place, path, text, strlen(text));
		return;
	}
	/* Its folders, with a file that makes room for it. */
	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	if (lstat(whole, &st) < 0)
		place_write(place, path, "", 0);
	assert_int_equal(unlink(whole), 0);
	if (strcmp(text, FOLDER) == 0)
		assert_int_equal(mkdir(whole, 0755), 0);
	else
		assert_int_equal(symlink(text + strlen(LINK), whole), 0);
}

static void put_all(const struct place *place, const struct entry *entries,
		    size_t n)
{
	for (size_t i = 0; i < n && entries[i].path; i++)
		put(place, entries[i].path, entries[i].text);
}

/* A line for each fact; the sentence when it can't be read. */
static void print(const struct hd_screen *screen, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < screen->n; i++)
		snprintf(ret + strlen(ret), size - strlen(ret), "%s %s%s%s\n",
			 hd_screen_kind_name(screen->items[i].kind),
			 screen->items[i].name,
			 screen->items[i].value ? "=" : "",
			 screen->items[i].value ? screen->items[i].value : "");
}

static void read_card(const struct place *place, const char *driver,
		      uint32_t class_code, char *ret, size_t size)
{
	struct hd_device card = { .addr = addr(CARD),
				  .class_code = class_code,
				  .driver = (char *)driver };
	HD_AUTO_SCREEN struct hd_screen screen = { NULL, 0 };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	if (hd_display_read(&place->host, &card, &screen, &err) == 0)
		print(&screen, ret, size);
	else
		snprintf(ret, size, "%s", hd_err_message(&err));
}

#define ON "console " CONSOLE "\n"
#define SCREEN "connector DP-1\n"
#define STACK                                                                  \
	{ MODULE("nvidia/holders/nvidia_modeset/x"), "" },                     \
		{ MODULE("nvidia/holders/nvidia_drm/x"), "" },                 \
		{ MODULE("nvidia_modeset/holders/nvidia_drm/x"), "" },         \
		{ MODULE("nvidia_modeset/parameters/y"), "7\n" },              \
		{ MODULE("nvidia_drm/parameters/modeset"), "Y\n" }
#define FIRMWARE                                                               \
	{ FB("0"), LINK "../../devices/platform/" EFI "/graphics/fb0" },       \
		{ DRM("card0"), ABSENT }, { DRM("card0-DP-1"), ABSENT },       \
		{ DRM("card0-HDMI-A-1"), ABSENT },                             \
		{ DRM("card0-Writeback-1"), ABSENT },                          \
		{ PLATFORM "/devices/" EFI "/driver",                          \
		  LINK "../../../bus/platform/drivers/efi-"                    \
		       "framebuffer" }
#define BUFFER "framebuffer " EFI "=efi-framebuffer\n"
#define OLD { "proc/sys/kernel/osrelease", "5.10.0-28-amd64\n" }

static const struct row {
	const char *driver;
	uint32_t class_code;
	struct entry entries[N_ENTRIES];
	const char *expected;
} rows[] = {
	{ "nouveau", 0x030000, {}, ON SCREEN },
	/* Consoles that are on another driver, or on none. */
	{ "nouveau", 0x030000, { { VTCON("1") "/bind", "0\n" } }, SCREEN },
	{ "nouveau", 0x030000, { { VTCON("1"), ABSENT } }, SCREEN },
	{ "nouveau", 0x030000, { { VTCON("0") "/bind", "1\n" } }, ON SCREEN },
	{ "nouveau",
	  0x030000,
	  { { VTCON("1") "/name", "(S) frame buffer device\n" } },
	  SCREEN },
	{ "nouveau",
	  0x030000,
	  { { VTCON("2") "/name", "(M) USB VGA\n" },
	    { VTCON("2") "/bind", "1\n" } },
	  ON SCREEN },
	/* They go to another card's frame buffer, or are there. */
	{ "nouveau",
	  0x030000,
	  { { FB("1"), LINK PCI(OTHER) "/graphics/fb1" } },
	  SCREEN },
	{ "nouveau",
	  0x030000,
	  { { FB("0"), LINK PCI(OTHER) "/graphics/fb0" } },
	  SCREEN },
	{ "nouveau",
	  0x030000,
	  { { FB("1"), LINK PCI(CARD) "/graphics/fb1" } },
	  ON SCREEN },
	{ "nouveau",
	  0x030000,
	  { { FB("0"), LINK PCI(CARD) "/virtio0/graphics/fb0" },
	    { DRM("card0"), LINK PCI(CARD) "/virtio0/drm/card0" } },
	  ON SCREEN },
	{ "nouveau",
	  0x030000,
	  { { FB("0"), LINK "../../devices/platform/vfb.0/graphics/fb0" } },
	  SCREEN },
	{ "nouveau",
	  0x030000,
	  { { "sys/class/graphics/fb0", ABSENT } },
	  SCREEN },
	{ "nouveau",
	  0x030000,
	  { { DRM("card0-DP-1") "/status", "disconnected\n" } },
	  ON },
	{ "nouveau",
	  0x030000,
	  { { DRM("card0-DP-1") "/status", "unknown\n" } },
	  ON },

	/* What the firmware drew on: vfio-pci removes it, or doesn't. */
	{ NULL, 0x030000, { FIRMWARE }, "lost (M) frame buffer device\n" },
	{ NULL, 0x030000, { FIRMWARE, OLD }, ON BUFFER },
	{ NULL, 0x038000, { FIRMWARE }, ON BUFFER },
	{ NULL,
	  0x038000,
	  { FIRMWARE,
	    { PLATFORM "/devices/" EFI "/driver", ABSENT },
	    { PLATFORM "/devices/" EFI "/x", "" } },
	  ON },
	{ NULL,
	  0x038000,
	  { FIRMWARE,
	    { DEVICE(CARD) "/boot_vga", "0\n" },
	    { IOMEM, "90000000-903fffff : efifb\n" } },
	  ON BUFFER },
	{ NULL,
	  0x038000,
	  { FIRMWARE,
	    { DEVICE(CARD) "/boot_vga", ABSENT },
	    { IOMEM, "a0000000-a03fffff : efifb\n" } },
	  "" },
	{ NULL,
	  0x038000,
	  { FIRMWARE,
	    { DEVICE(CARD) "/boot_vga", ABSENT },
	    { IOMEM, "00000000-00000000 : efifb\n" } },
	  "/proc/iomem can't be read: Permission denied" },
	{ NULL,
	  0x038000,
	  { FIRMWARE, { DEVICE(CARD) "/boot_vga", ABSENT } },
	  "this copy of the host has no /proc/iomem" },
	/* Since Linux 6.9 it says whose it is; simpledrm has a card as well. */
	{ NULL,
	  0x038000,
	  { { FB("0"), LINK PCI(CARD) "/" EFI "/graphics/fb0" },
	    { DRM("card0"), LINK PCI(CARD) "/" EFI "/drm/card0" },
	    { PLATFORM "/devices/" EFI "/driver", LINK "../simpledrm" } },
	  ON "framebuffer " EFI "=simpledrm\n" },
	{ NULL,
	  0x038000,
	  { { FB("0"), LINK PCI(OTHER) "/" EFI "/graphics/fb0" },
	    { DRM("card0"), LINK PCI(OTHER) "/" EFI "/drm/card0" } },
	  "" },

	/* Modules, those first that nothing stands on. */
	{ "nvidia", 0x030000, {}, ON SCREEN },
	{ "nouveau", 0x030000, { STACK }, ON SCREEN },
	{ "nvidia",
	  0x030000,
	  { STACK },
	  ON "module nvidia_drm\nparameter nvidia_drm/modeset=Y\n"
	     "module nvidia_modeset\nparameter nvidia_modeset/y=7\n" SCREEN },
	{ "nvidia",
	  0x030000,
	  { STACK, { "sys/bus/pci/drivers/nvidia/" OTHER "/x", "" } },
	  ON SCREEN },
	{ "nvidia",
	  0x030000,
	  { STACK, { MODULE("nvidia_drm/holders/nvidia_modeset/x"), "" } },
	  "the modules on top of nvidia_modeset have no end: they can't be unloaded" },

	/* What can't be known. */
	{ "nouveau",
	  0x030000,
	  { { VTCON("1") "/bind", "maybe\n" } },
	  "/sys/class/vtconsole/vtcon1/bind reads 'maybe'" },
	{ "nouveau",
	  0x030000,
	  { { VTCON("1") "/bind", ABSENT }, { VTCON("1") "/bind", FOLDER } },
	  "/sys/class/vtconsole/vtcon1/bind can't be read: Is a directory" },
	{ "nouveau",
	  0x030000,
	  { { VTCON("1") "/name", ABSENT }, { VTCON("1") "/name", FOLDER } },
	  "/sys/class/vtconsole/vtcon1/name can't be read: Is a directory" },
	{ "nouveau",
	  0x030000,
	  { { "sys/class/graphics", ABSENT }, { "sys/class/graphics", "" } },
	  "/sys/class/graphics can't be read: Not a directory" },
	{ "nouveau",
	  0x030000,
	  { { "sys/class/drm", ABSENT }, { "sys/class/drm", "" } },
	  "/sys/class/drm can't be read: Not a directory" },
	{ "nouveau",
	  0x030000,
	  { { DRM("card0-DP-1") "/status", ABSENT },
	    { DRM("card0-DP-1") "/status", FOLDER } },
	  "/sys/class/drm/card0-DP-1/status can't be read: Is a directory" },
	{ "nouveau",
	  0x030000,
	  { { "proc/sys/kernel/osrelease", "next\n" } },
	  "/proc/sys/kernel/osrelease can't be read: Invalid argument" },
	{ NULL,
	  0x038000,
	  { FIRMWARE, { DEVICE(CARD) "/boot_vga", "perhaps\n" } },
	  "/sys/bus/pci/devices/" CARD
	  "/boot_vga can't be read: Invalid argument" },
	{ "nvidia",
	  0x030000,
	  { STACK,
	    { MODULE("nvidia_drm/parameters/modeset"), ABSENT },
	    { MODULE("nvidia_drm/parameters/modeset"), FOLDER } },
	  "/sys/module/nvidia_drm/parameters/modeset can't be read: Is a directory" },
	{ "nvidia",
	  0x030000,
	  { { MODULE("nvidia/holders"), ABSENT },
	    { MODULE("nvidia/holders"), "" } },
	  "/sys/module/nvidia/holders can't be read: Not a directory" },
};

static void a_screen_hangs_on_what_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		void *own = NULL;
		char text[1024];

		place_set_up(&own);
		put_all(own, base, N_ELEMENTS(base));
		put_all(own, rows[i].entries, N_ENTRIES);
		read_card(own, rows[i].driver, rows[i].class_code, text,
			  sizeof(text));
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("row %zu: %s", i, text);
		place_tear_down(&own);
	}
}

static void a_parameter_that_nobody_reads_is_none(void **state)
{
	struct place *place = *state;
	char path[256], text[1024];

	put_all(place, base, N_ELEMENTS(base));
	put(place, MODULE("nvidia/holders/nvidia_uvm/x"), "");
	put(place, MODULE("nvidia_uvm/parameters/trigger"), "1\n");
	put(place, MODULE("nvidia_uvm/parameters/empty"), "\n");
	snprintf(path, sizeof(path), "%s/" MODULE("nvidia_uvm/parameters/%s"),
		 place->root, "trigger");
	assert_int_equal(chmod(path, 0200), 0);
	read_card(place, "nvidia", 0x030200, text, sizeof(text));
	assert_string_equal(
		text,
		ON "module nvidia_uvm\nparameter nvidia_uvm/empty=\n" SCREEN);
}

static void a_driver_of_several_cards_keeps_its_modules(void **state)
{
	static const struct entry stack[] = { STACK };
	struct place *place = *state;
	struct hd_device card = { .addr = addr(CARD),
				  .class_code = 0x030000,
				  .driver = (char *)"nvidia" };
	struct hd_addr other;
	bool shared;

	put_all(place, base, N_ELEMENTS(base));
	put(place, "sys/bus/pci/drivers/nvidia/" OTHER "/x", "");
	assert_int_equal(hd_module_stack_is_shared(&place->host, &card, &shared,
						   &other, NULL),
			 0);
	assert_false(shared); /* nothing stands on it */
	put_all(place, stack, N_ELEMENTS(stack));
	assert_int_equal(hd_module_stack_is_shared(&place->host, &card, &shared,
						   &other, NULL),
			 0);
	assert_true(shared);
	assert_string_equal(hd_addr_text(other).s, OTHER);
	card.driver = (char *)"amdgpu";
	assert_int_equal(hd_module_stack_is_shared(&place->host, &card, &shared,
						   &other, NULL),
			 0);
	assert_false(shared);
}

static void assert_file(const struct place *place, const char *path,
			const char *expected)
{
	char whole[256], text[64];
	FILE *file;
	size_t n;

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	file = fopen(whole, "r");
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static void consoles_are_known_by_name(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	put_all(place, base, N_ELEMENTS(base));
	assert_int_equal(hd_console_set(&place->host, CONSOLE, false, 0, &err),
			 0);
	assert_file(place, VTCON("1") "/bind", "0\n");
	assert_file(place, VTCON("0") "/bind", "0\n");
	/* Others that begin alike, and another number. */
	put(place, VTCON("1"), ABSENT);
	put(place, VTCON("1") "/name", CONSOLE "s\n");
	put(place, VTCON("1") "/bind", "0\n");
	assert_int_equal(hd_console_set(&place->host, CONSOLE, true, 0, &err),
			 -ETIMEDOUT);
	put(place, VTCON("12") "/name", CONSOLE "\n");
	put(place, VTCON("12") "/bind", "0\n");
	assert_int_equal(hd_console_set(&place->host, CONSOLE, true, 0, &err),
			 0);
	assert_file(place, VTCON("12") "/bind", "1\n");
	assert_file(place, VTCON("1") "/bind", "0\n");
}

static void a_console_that_is_not_there_is_unbound(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	put_all(place, base, N_ELEMENTS(base));
	put(place, VTCON("1"), ABSENT);
	assert_int_equal(hd_console_set(&place->host, CONSOLE, false, 0, &err),
			 0);
	assert_int_equal(hd_console_set(&place->host, CONSOLE, true, 0, &err),
			 -ETIMEDOUT);
	assert_string_equal(
		err.message,
		"it has not come back within 0 seconds: no driver has made a frame buffer");
	put(place, VTCON("0") "/name", ABSENT);
	put(place, VTCON("0") "/name", FOLDER);
	assert_int_equal(hd_console_set(&place->host, CONSOLE, false, 0, &err),
			 -EISDIR);
}

static void *bring_console(void *data)
{
	const struct place *place = data;

	put(place, VTCON("7") "/bind", "0\n");
	put(place, VTCON("7") "/name", CONSOLE "\n");
	return NULL;
}

static void a_console_is_waited_for(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	pthread_t thread;

	put(place, VTCON("0") "/name", "(S) dummy device\n");
	assert_int_equal(pthread_create(&thread, NULL, bring_console, place),
			 0);
	assert_int_equal(hd_console_set(&place->host, CONSOLE, true, 60, &err),
			 0);
	pthread_join(thread, NULL);
	assert_file(place, VTCON("7") "/bind", "1\n");
}

static void *connect_screen(void *data)
{
	put(data, DRM("card0-DP-1") "/status", "connected\n");
	return NULL;
}

static void a_screen_is_waited_for(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_addr card = addr(CARD);
	pthread_t thread;

	put_all(place, base, N_ELEMENTS(base));
	assert_int_equal(hd_connector_wait(&place->host, card, "DP-1", 0, &err),
			 0);
	/* Another card's, and none. */
	assert_int_equal(hd_connector_wait(&place->host, card, "DP-2", 0, &err),
			 -ETIMEDOUT);
	assert_string_equal(err.message,
			    "its driver has not shown it within 0 seconds");
	assert_int_equal(
		hd_connector_wait(&place->host, card, "HDMI-A-1", 0, &err),
		-ETIMEDOUT);
	assert_string_equal(err.message,
			    "after 0 seconds its status is 'disconnected'");
	put(place, DRM("card0-DP-1") "/status", "disconnected\n");
	assert_int_equal(pthread_create(&thread, NULL, connect_screen, place),
			 0);
	assert_int_equal(
		hd_connector_wait(&place->host, card, "DP-1", 60, &err), 0);
	pthread_join(thread, NULL);
}

/* The driver is told to look, but for what the command line says of it. */
static void a_screen_is_asked_once(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	put_all(place, base, N_ELEMENTS(base));
	put(place, "proc/cmdline", "video=DP-1:e quiet\n");
	put(place, DRM("card0-DP-1") "/status", "unknown\n");
	hd_connector_wait(&place->host, addr(CARD), "DP-1", 0, &err);
	assert_file(place, DRM("card0-DP-1") "/status", "unknown\n");
	put(place, "proc/cmdline", "video=DP-10:e video=efifb:off\n");
	hd_connector_wait(&place->host, addr(CARD), "DP-1", 0, &err);
	assert_file(place, DRM("card0-DP-1") "/status", "detectn\n");
}

static void parameters_are_compared_and_set(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	char path[256];

	put(place, MODULE("m/parameters/p"), "Y\n");
	put(place, MODULE("m/parameters/ro"), "4\n");
	snprintf(path, sizeof(path), "%s/%s", place->root,
		 MODULE("m/parameters/ro"));
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(hd_parameter_set(&place->host, "m/p", "Y", &err), 0);
	assert_int_equal(hd_parameter_set(&place->host, "m/p", "N", &err), 0);
	assert_file(place, MODULE("m/parameters/p"), "N\n");
	assert_int_equal(hd_parameter_set(&place->host, "m/ro", "4", &err), 0);
	assert_int_equal(hd_parameter_set(&place->host, "m/ro", "5", &err),
			 -EPERM);
	assert_string_equal(
		err.message,
		"it was '5' and is '4': it can be set only as the module is loaded");
	assert_string_equal(
		err.fix, "Put into a file of /etc/modprobe.d: options m ro=5");
	assert_file(place, MODULE("m/parameters/ro"), "4\n");
	assert_int_equal(hd_parameter_set(&place->host, "m/ro", NULL, &err),
			 -EPERM);
	assert_int_equal(hd_parameter_set(&place->host, "m/gone", "1", &err),
			 -ENOENT);
	assert_int_equal(hd_parameter_set(&place->host, "gone/p", "1", &err),
			 -ENOENT);
	assert_int_equal(hd_parameter_set(&place->host, "m", "1", &err),
			 -EINVAL);
	assert_int_equal(hd_parameter_set(&place->host, "m/../p", "1", &err),
			 -EINVAL);
	assert_int_equal(hd_parameter_set(&place->host, "../p", "1", &err),
			 -EINVAL);
}

/* A copy's modules are left alone. */
static void modules_are_of_this_machine(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	put(place, MODULE("m/refcnt"), "2\n");
	put(place, MODULE("m/holders/a/x"), "");
	put(place, MODULE("m/holders/b/x"), "");
	assert_int_equal(
		hd_display_module_unload(&place->host, "gone", 0, &err), 0);
	assert_int_equal(hd_display_module_unload(&place->host, "m", 0, &err),
			 -EBUSY);
	assert_string_equal(
		err.message,
		"it is still in use after 0 seconds: its reference count is 2, and on it stand a, b");
	put(place, MODULE("m/refcnt"), "0\n");
	assert_int_equal(hd_display_module_unload(&place->host, "m", 0, &err),
			 -EROFS);
	assert_int_equal(hd_display_module_load(&place->host, "m", 0, &err),
			 -EROFS);
	put(place, MODULE("m/refcnt"), ABSENT);
	assert_int_equal(hd_display_module_unload(&place->host, "m", 0, &err),
			 -EBUSY);
	assert_string_equal(
		err.message,
		"it is still in use after 0 seconds: its reference count is not known, and on it stand a, b");
	put(place, MODULE("m/refcnt"), FOLDER);
	assert_int_equal(hd_display_module_unload(&place->host, "m", 0, &err),
			 -EISDIR);
}

static void what_the_firmware_drew_on_is_left_to_its_driver(void **state)
{
	struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	const char *driver = "efi-framebuffer";

	put(place, "sys/bus/platform/drivers/efi-framebuffer/bind", "");
	assert_int_equal(
		hd_framebuffer_set(&place->host, EFI, driver, false, &err), 0);
	assert_int_equal(
		hd_framebuffer_set(&place->host, EFI, driver, true, &err),
		-ENODEV);
	assert_string_equal(
		err.message,
		"the kernel has removed it: only a driver of the card brings a screen again");
	put(place, PLATFORM "/devices/" EFI "/x", "");
	assert_int_equal(
		hd_framebuffer_set(&place->host, EFI, driver, false, &err), 0);
	/* A copy's kernel does nothing. */
	assert_int_equal(
		hd_framebuffer_set(&place->host, EFI, driver, true, &err),
		-EIO);
	assert_string_equal(
		err.message,
		"the kernel reported success, but it has no driver");
	assert_file(place, "sys/bus/platform/drivers/efi-framebuffer/bind",
		    EFI);
	put(place, PLATFORM "/devices/" EFI "/driver",
	    LINK "../"
		 "other");
	assert_int_equal(
		hd_framebuffer_set(&place->host, EFI, driver, false, &err),
		-EBUSY);
	assert_string_equal(err.message, "it is on driver other");
	put(place, PLATFORM "/devices/" EFI "/driver", ABSENT);
	assert_int_equal(
		hd_framebuffer_set(&place->host, EFI, "gone", true, &err),
		-ENOENT);
	assert_string_equal(err.message, "driver gone isn't there");
}

static void waiting_ends(void **state)
{
	HD_AUTO_WAIT struct hd_wait wait;
	int pair[2];

	(void)state;
	hd_wait_begin(&wait, 0);
	assert_false(hd_wait(&wait, 1));
	hd_wait_end(&wait);
	hd_wait_begin(&wait, 3600);
	assert_true(hd_wait(&wait, 1));
	/* What isn't the kernel's wakes nobody up. */
	hd_wait_end(&wait);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	wait.fd = pair[0];
	wait.end = hd_now_ms() + 50;
	assert_int_equal(send(pair[1], "add@/x", 6, 0), 6);
	assert_true(hd_wait(&wait, 3600 * 1000));
	assert_true(hd_now_ms() >= wait.end);
	assert_false(hd_wait(&wait, 1));
	close(pair[1]);
}

static void a_place_is_where_the_link_leads(void **state)
{
	struct hd_screen_place place;

	(void)state;
	place = hd_screen_place("../../devices/pci0000:00/0000:00:01.0/" CARD
				"/drm/card0");
	assert_true(place.on_pci);
	assert_string_equal(hd_addr_text(place.addr).s, CARD);
	assert_string_equal(place.firmware, "");
	place = hd_screen_place("");
	assert_false(place.on_pci);
	place = hd_screen_place("/devices/platform/vesa-framebuffer.0/x/");
	assert_false(place.on_pci);
	assert_string_equal(place.firmware, "vesa-framebuffer.0");
}

static int note_install(void *data, const char *name, bool ignore,
			const char *options)
{
	char *text = data;

	snprintf(text + strlen(text), 256 - strlen(text), "%s%s(%s)",
		 ignore ? "-" : "+", name, options);
	return strcmp(name, "stop") == 0;
}

/* Debian's, of NVIDIA's modules, and what only a shell can run. */
static void install_commands_that_load_are_understood(void **state)
{
	static const struct {
		const char *command;
		int r;
		const char *loads;
	} commands[] = {
		{ "modprobe -i nvidia-current ", 0, "-nvidia-current()" },
		{ "modprobe nvidia-modeset ; modprobe -i nvidia-current-drm modeset=1 a=b",
		  0, "+nvidia-modeset()-nvidia-current-drm(modeset=1 a=b)" },
		{ " /sbin/modprobe\t--ignore-install  m;", 0, "-m()" },
		{ "", 0, "" },
		{ "modprobe stop; modprobe m", 1, "+stop()" },
		{ "modprobe m && /bin/true", -EPERM, "" },
		{ "modprobe $m", -EPERM, "" },
		{ "modprobe m `id`", -EPERM, "" },
		{ "modprobe m; touch /x", -EPERM, "+m()" },
		{ "/bin/false", -EPERM, "" },
		{ "xmodprobe m", -EPERM, "" },
		{ "modprobe", -EPERM, "" },
		{ "modprobe -i", -EPERM, "" },
		{ "modprobe -r m", -EPERM, "" },
		{ "modprobe ../m", -EPERM, "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
		char text[256] = "";
		int r = hd_install_command(commands[i].command, note_install,
					   text);

		if (r != commands[i].r || strcmp(text, commands[i].loads) != 0)
			fail_msg("'%s': %d %s", commands[i].command, r, text);
	}
}

#define in_place(test)                                                         \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_screen_hangs_on_what_is_there),
		in_place(a_parameter_that_nobody_reads_is_none),
		in_place(a_driver_of_several_cards_keeps_its_modules),
		in_place(consoles_are_known_by_name),
		in_place(a_console_that_is_not_there_is_unbound),
		in_place(a_console_is_waited_for),
		in_place(a_screen_is_waited_for),
		in_place(a_screen_is_asked_once),
		in_place(parameters_are_compared_and_set),
		in_place(modules_are_of_this_machine),
		in_place(what_the_firmware_drew_on_is_left_to_its_driver),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(a_place_is_where_the_link_leads),
		cmocka_unit_test(install_commands_that_load_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
