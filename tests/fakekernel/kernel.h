/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FK_KERNEL_H
#define FK_KERNEL_H

/*
 * The state of the fake kernel: PCI devices, drivers, IOMMU groups, vfio. What
 * it does follows Linux 6.12 (drivers/base/{bus,dd}.c, drivers/pci/{pci-driver,
 * pci-sysfs,iov}.c, drivers/iommu/iommu.c, drivers/vfio/).
 */
#include "tests/fakekernel/tree.h"

#define FK_NO_GROUP (-1)
#define FK_ADDR_SIZE sizeof("10000:00:00.0")

/* What a store function returns when it has to wait for something. */
#define FK_WAIT 1

struct fk_call;
struct fk_fault;

/* One row of a driver's ID table; vendor and device below 0 mean any. */
struct fk_id {
	struct fk_id *next;
	long vendor, device;
	unsigned long class_code, class_mask;
};

struct fk_driver {
	struct fk_driver *next;
	char *name, *module;
	bool vfio; /* gives devices to guests; bound by override alone */
	bool managed_dma; /* doesn't keep its group from vfio */
	bool sriov; /* can make VFs, which go when it is unbound */
	bool keeps; /* no card goes while modules stand on its own */
	bool loaded;
	int refuses; /* errno of every probe */
	struct fk_id *ids; /* without any it takes what overrides name */
	struct fk_node *dir;
};

struct fk_group {
	struct fk_group *next;
	int number;
	bool open; /* by a guest: its vfio devices are in use */
	struct fk_node *dir, *devices;
	struct fk_node *node; /* in /dev/vfio, while vfio has a member */
};

/* A file below a device's folder, only while @driver is bound if given. */
struct fk_extra {
	struct fk_extra *next;
	char *driver, *path, *text;
	bool setting; /* it can be written, and is @text when it appears */
};

/* An expansion ROM. */
struct fk_rom {
	unsigned char *data;
	size_t size; /* 0: no signature is found */
	size_t breaks; /* reading fails from there on */
	bool shadow; /* it is the firmware's copy */
	bool shown;
};

struct fk_device {
	struct fk_device *next;
	char addr[FK_ADDR_SIZE];
	unsigned vendor, device, subvendor, subdevice, class_code, revision;
	int numa_node;
	bool bridge;
	unsigned sriov_total, numvfs;
	struct fk_device *behind; /* the bridge above it */
	struct fk_device *physfn; /* of a VF */
	struct fk_extra *extras;
	struct fk_rom *rom; /* NULL: it has none */

	bool present; /* in sysfs */
	bool unplugged; /* the hardware is gone: a rescan doesn't find it */
	int group;
	int late; /* the group that it gets when a driver first takes it */
	char *override;
	struct fk_driver *driver;
	struct fk_node *dir, *bus_link, *group_link; /* while present */
};

struct fk_kernel {
	struct fk_node *root, *sys, *dev_vfio;
	struct fk_node *devices, *drivers, *real, *groups_dir, *modules;

	char *description;
	struct fk_driver *driver_list;
	struct fk_device *device_list, *last_device;
	struct fk_group *group_list;
	unsigned vfio_number;

	/* screen.h */
	struct fk_module *module_list;
	struct fk_screen *screen_list;
	struct fk_firmware *firmware_list;
	bool consoles; /* there are some */
	struct fk_node *fbcon; /* who draws them into a frame buffer */
	bool fbcon_bound;
	unsigned fbcon_number; /* of the last one */

	struct fk_call *calls; /* not answered yet, in the order they came */
	struct fk_fault *faults;
	unsigned long writes;
	void (*reply)(struct fk_call *call, int result);

	pid_t leaders[64]; /* the youngest processes that a test has started */
	unsigned n_leaders;

	char *log;
	size_t log_length, log_size;
};

/* kernel.c: life, log, lookups */
struct fk_kernel *fk_kernel_new(char *description);
void fk_kernel_free(struct fk_kernel *k);

/* Reads the description anew: everything is as it was at the start. */
int fk_kernel_reset(struct fk_kernel *k, char *error, size_t size);

void fk_log(struct fk_kernel *k, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "-" for NULL; blanks, control characters and % as %XX. Freed by the caller.
 */
char *fk_quote(const char *text);

/* Prints the canonical state: a line for each device that is there, sorted. */
void fk_state_print(struct fk_kernel *k, FILE *out);

struct fk_device *fk_device_find(const struct fk_kernel *k, const char *addr);
/* The same by a text that a write carried: with or without a newline. */
struct fk_device *fk_device_by_text(const struct fk_kernel *k,
				    const char *text);
struct fk_driver *fk_driver_find(const struct fk_kernel *k, const char *name);

/* describe.c */
int fk_describe(struct fk_kernel *k, const char *text, char *error,
		size_t size);

/* driver.c: the driver core */
void fk_driver_register(struct fk_kernel *k, struct fk_driver *driver);
void fk_bind_initially(struct fk_kernel *k, struct fk_device *device,
		       struct fk_driver *driver);
/* Loads by the name of driver or module; -ENOENT, -EEXIST. */
int fk_driver_load(struct fk_kernel *k, const char *name);
int fk_device_attach(struct fk_kernel *k, struct fk_device *device);
/* 0 or FK_WAIT while a guest holds the device. */
int fk_device_detach(struct fk_kernel *k, struct fk_device *device);
extern const struct fk_attr fk_attr_drivers_probe;

/* pci.c: devices come and go */
void fk_device_appear(struct fk_kernel *k, struct fk_device *device);
int fk_device_remove(struct fk_kernel *k, struct fk_device *device);
int fk_vfs_set(struct fk_kernel *k, struct fk_device *pf, unsigned n);
void fk_device_unplug(struct fk_kernel *k, struct fk_device *device);
void fk_device_plug(struct fk_kernel *k, struct fk_device *device);
/* Removes what was unplugged while a guest held it. */
void fk_sweep_unplugged(struct fk_kernel *k);
extern const struct fk_attr fk_attr_rescan;

/* attr.c: the files of a device */
void fk_device_files(struct fk_kernel *k, struct fk_device *device);
void fk_extras_add(struct fk_device *device, const struct fk_driver *driver);
void fk_extras_remove(struct fk_device *device, const struct fk_driver *driver);
/* Lets runtime power management be "on", which is none, or "auto". */
void fk_power_set(struct fk_device *device, const char *text);

/* group.c: IOMMU groups and /dev/vfio */
struct fk_group *fk_group_find(const struct fk_kernel *k, int number);
void fk_group_join(struct fk_kernel *k, struct fk_device *device);
/* Puts a device into its late group, if it has one and isn't in it yet. */
void fk_group_join_late(struct fk_kernel *k, struct fk_device *device);
void fk_group_leave(struct fk_kernel *k, struct fk_device *device);
bool fk_group_is_open(const struct fk_kernel *k,
		      const struct fk_device *device);
/* -ENODEV, -EBUSY, or -EPERM when the host uses a member. */
int fk_group_open(struct fk_kernel *k, int number);
int fk_group_close(struct fk_kernel *k, int number);
/* Lets /dev/vfio follow the drivers of the device's group. */
void fk_group_update(struct fk_kernel *k, const struct fk_device *device);
/* /dev/vfio/N; opening and closing it opens and closes the group. */
extern const struct fk_attr fk_attr_group;
/* attr.c: whether "rom" can be read from @offset on; 0 or -errno. */
int fk_rom_check(const struct fk_rom *rom, size_t offset);
extern const struct fk_attr fk_attr_rom;

#endif
