/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_CLAIM_H
#define HD_LIB_STATE_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/uuid.h"
#include "lib/display/screen.h"
#include "lib/host/addr.h"
#include "lib/host/attributes.h"
#include "lib/host/inventory.h"
#include "lib/host/proc.h"

/* One device of a claim, and all that is needed to give it back. */
struct hd_claim_device {
	struct hd_addr addr;
	int group; /* when it was taken; groups are numbered at boot */
	bool late; /* when it was taken it had none yet, see
		    * hd_iommu_groups_come_late(): @group is what it has now,
		    * HD_NO_GROUP when still none, or nobody has looked */
	uint16_t vendor, device; /* another one at @addr is not given back */
	bool restore; /* @driver and @override are what the host had: give them
		       * back. False when libvirt had bound it before we
		       * saw it, so that libvirt gives it back */
	char *driver; /* the driver it had, NULL for none; owned */
	char *override; /* the driver_override it had, NULL; owned */
	struct hd_attributes attributes; /* to put back; owned */
	struct hd_screen screen; /* what the host showed on it, to be brought up
				  * again; owned */
};

/* Of an error so many bytes are kept. */
#define HD_CLAIM_ERROR_MAX 1000

/* A process that was set to change a device, or the host, and may still be held
 * by it. */
struct hd_claim_worker {
	bool host; /* no device: @addr means nothing */
	struct hd_addr addr;
	struct hd_process process;
};

enum hd_phase {
	HD_STARTING, /* prepare took the devices; the guest doesn't run yet; or
		      * they are on their way, see hotplug.h */
	HD_RUNNING, /* libvirt said that it runs; or taken by hand */
	HD_RETURNING, /* giving back has begun, and did not finish */
};

/* What is to be expected of a claim, see alive.h. */
enum hd_outlook {
	HD_UNASKED, /* nobody has looked */
	HD_GUEST_RUNS,
	HD_GUEST_STARTS, /* prepare was, and its QEMU isn't there yet */
	HD_GUEST_ENDS, /* its QEMU is gone, and libvirt is still at it */
	HD_ON_THEIR_WAY, /* who moves the devices is at work */
	HD_BEING_BOUND, /* who binds them by hand is at work */
	HD_BOUND_BY_HAND,
	HD_LEFT_BEHIND, /* nobody will give them back */
	HD_CANT_TELL,
};

struct hd_life {
	enum hd_outlook is;
	int error; /* of HD_CANT_TELL: a negative errno */
	unsigned left; /* of HD_GUEST_STARTS: after so many seconds it is left
			* behind if nothing happens */
};

/*
 * What a domain holds, or what was taken by hand, written down before the first
 * change to the host. Its file is text, one record a line:
 *
 *	virt-hostdev-claim 2
 *	domain UUID NAME SUM
 *	guest UUID SUM
 *	state starting|running|returning SINCE PID START ERROR SUM
 *	begun MILLISECONDS SUM
 *	worker ADDRESS PID START SUM
 *	holds NUMBER SUM
 *	device ADDRESS GROUP VENDOR:DEVICE restore|keep DRIVER OVERRIDE SUM
 *	attribute ADDRESS PATH VALUE SUM
 *	screen ADDRESS KIND NAME VALUE SUM
 *	end SUM
 *
 * NAME, ERROR, DRIVER, OVERRIDE, PATH and VALUE are words as in word.h; "guest"
 * is only in the claim of devices that are on their way, and an attribute, see
 * attributes.h, or a fact of the screen, see lib/display/screen.h, stands
 *behind its device. NUMBER is how many of all three follow. A SUM is the
 *hd_crc32() of the line up to the blank before it, in eight digits, but that of
 *"end" is of all the text up to there: so damage is found, and a line that
 *isn't damaged can be told from one that is.
 *
 * GROUP is "-" while the device's group isn't known, and ADDRESS of a worker
 *that works on the host. The version is the lowest that has all that is said: 3
 *for such a GROUP, 4 for a screen and such a worker, so that who doesn't know
 *them doesn't take them for damage.
 *
 * Version 1 had neither sums nor "holds". It is read, since it may have been
 * written before this version was installed, and never written.
 */
struct hd_claim {
	char uuid[HD_UUID_SIZE];
	char *domain; /* its name, NULL for what was taken by hand; owned */
	char guest[HD_UUID_SIZE]; /* of devices that are on their way to a
				   * running guest or from it: whose; the
				   * claim's own UUID is made for the occasion
				   * then. "" otherwise */
	enum hd_phase phase;
	int64_t since; /* seconds after 1970, when it was taken */
	int64_t begun; /* the same in milliseconds after the boot, which nobody
			* sets back or forth; 0: not known */
	struct hd_process daemon; /* it promised to call release, or takes
				   * the devices by hand right now, or is at
				   * work on those that are on their way; its
				   * number is 0 when there was none */
	char *error; /* why the devices could not be given back; owned */
	struct hd_claim_device *devices;
	size_t n_devices;
	struct hd_claim_worker *workers; /* of the last run */
	size_t n_workers;
	/* These are not written. */
	bool pruned; /* see hd_claim_prune() */
	bool damaged; /* it is what is left of one, see hd_claim_salvage(); it
		       * must not be saved */
	bool owned; /* of a damaged one: whose it is is left of it */
	bool complete; /* of a damaged one: no device is lost of it */
	struct hd_life life; /* as it was when it was looked at */
};

#define HD_AUTO_CLAIM __attribute__((cleanup(hd_claim_clear)))

/*
 * Reads a claim's text. -EBADMSG with a sentence when it is damaged or torn: a
 * sum is wrong, the last line is missing, or a record doesn't have its form;
 * -EPROTONOSUPPORT with a sentence when another version of virt-hostdev has
 * written it in a form that we don't know; -ENOMEM.
 */
int hd_claim_parse(const char *text, size_t length, struct hd_claim *ret,
		   struct hd_err *err);

/*
 * Reads what is left of a damaged claim: the lines whose sums are right.
 * Without that of its state it is taken for one of a guest that runs, @since 0.
 * Nothing is left of a damaged claim of version 1, which has no sums. Returns 0
 * or -ENOMEM.
 */
int hd_claim_salvage(const char *text, size_t length, struct hd_claim *ret,
		     struct hd_err *err);

/* The text of a claim; NULL when memory runs out. Owned by the caller. */
char *hd_claim_format(const struct hd_claim *claim);

/* Whether a person took the devices, for no guest. */
static inline bool hd_claim_is_manual(const struct hd_claim *claim)
{
	return !claim->domain;
}

/* Whether its devices are on their way to a running guest or from it. */
static inline bool hd_claim_is_moving(const struct hd_claim *claim)
{
	return claim->guest[0];
}

/*
 * Takes off a claim each device that its guest has given up: the guest runs,
 * but the device, as it is in @now, is back on the driver that it had, and that
 * is no VFIO driver. libvirt runs no hook when a device is detached from a
 * running guest (qemu_hotplug.c has no virHookCall()). A claim that lost a
 * device is marked @pruned, and should be saved before the device goes to
 * another guest.
 */
void hd_claim_prune(struct hd_claim *claim, const struct hd_inventory *now);

/* The device of @claim with this address, or NULL. */
const struct hd_claim_device *hd_claim_find(const struct hd_claim *claim,
					    struct hd_addr addr);

/*
 * Moves the devices that @wanted picks from one claim to another; one that @to
 * has already is dropped. Returns 0 or -ENOMEM, and then some may have been
 * moved, and none is lost.
 */
int hd_claim_move(struct hd_claim *from, struct hd_claim *to,
		  bool (*wanted)(const void *data,
				 const struct hd_claim_device *device),
		  const void *data, struct hd_err *err);

/* "starting", "running" or "returning". */
const char *hd_phase_name(enum hd_phase phase);

void hd_claim_clear(struct hd_claim *claim);

#endif
