// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/alive.h"

#include <errno.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/finding.h"
#include "lib/host/guest.h"

/* From prepare to the moment when QEMU is executed: libvirt resets devices,
 * starts pools and networks, and runs others' hooks. */
#define START_SECONDS 600

static int64_t after_boot_ms(void)
{
	return hd_now_us(CLOCK_BOOTTIME) / 1000;
}

void hd_claim_date(struct hd_claim *claim)
{
	claim->since = time(NULL);
	claim->begun = after_boot_ms();
}

/* How long ago it was taken; a claim of an older version has the wall's clock
 * only. */
static int64_t age_of(const struct hd_claim *claim)
{
	int64_t age = claim->begun ? (after_boot_ms() - claim->begun) / 1000 :
				     (int64_t)time(NULL) - claim->since;

	return age < 0 ? 0 : age;
}

static struct hd_life life(enum hd_outlook is)
{
	return (struct hd_life){ .is = is };
}

static struct hd_life cant_tell(struct hd_seen seen)
{
	return (struct hd_life){ .is = HD_CANT_TELL, .error = seen.error };
}

static bool lacks_state(const struct hd_claim *claim)
{
	return claim->damaged && !claim->since;
}

/* Of a damaged claim, when what would tell is lost: it seems old then. */
static struct hd_life is_lost(void)
{
	return (struct hd_life){ .is = HD_CANT_TELL, .error = -EBADMSG };
}

/* While its QEMU doesn't run. */
static struct hd_life life_without_guest(const struct hd_host *host,
					 const struct hd_claim *claim)
{
	struct hd_seen kept = hd_guest_is_kept(host, claim->domain);
	int64_t age = age_of(claim);

	if (kept.is == HD_UNKNOWN)
		return cant_tell(kept);
	if (claim->phase == HD_RUNNING)
		return life(kept.is == HD_PRESENT ? HD_GUEST_ENDS :
						    HD_LEFT_BEHIND);
	if (claim->damaged && !claim->begun)
		return is_lost();
	if (kept.is == HD_ABSENT && age >= START_SECONDS)
		return life(HD_LEFT_BEHIND);
	return (struct hd_life){
		.is = HD_GUEST_STARTS,
		.left = age < START_SECONDS ? (unsigned)(START_SECONDS - age) :
					      0,
	};
}

/* Whoever has promised to end it; PRESENT when nobody is known. */
static struct hd_seen daemon_lives(const struct hd_host *host,
				   const struct hd_claim *claim, bool of_guest)
{
	return claim->daemon.pid && (claim->begun || !of_guest) ?
		       hd_process_lives(host, claim->daemon) :
		       hd_seen_present();
}

struct hd_life hd_claim_life(const struct hd_host *host,
			     const struct hd_claim *claim)
{
	bool of_guest = claim->domain && !hd_claim_is_moving(claim);
	struct hd_seen seen = hd_seen_absent();

	if (claim->phase == HD_RUNNING && hd_claim_is_manual(claim) &&
	    !lacks_state(claim))
		return life(HD_BOUND_BY_HAND);
	if (of_guest)
		seen = hd_guest_runs(host, claim->domain, claim->uuid);
	if (seen.is != HD_ABSENT)
		return seen.is == HD_PRESENT ? life(HD_GUEST_RUNS) :
					       cant_tell(seen);
	if (!host->live)
		return cant_tell(hd_seen_of(-ENOTSUP));
	if (lacks_state(claim))
		return is_lost();
	if (claim->phase == HD_RETURNING)
		return life(HD_LEFT_BEHIND);
	seen = daemon_lives(host, claim, of_guest);
	if (seen.is != HD_PRESENT)
		return seen.is == HD_ABSENT ? life(HD_LEFT_BEHIND) :
					      cant_tell(seen);
	if (of_guest)
		return life_without_guest(host, claim);
	return life(hd_claim_is_moving(claim) ? HD_ON_THEIR_WAY :
						HD_BEING_BOUND);
}

struct words {
	const char *name, *text;
};

/* All words for what becomes of a claim; status explains them in its help. */
static const struct words of_outlook[] = {
	[HD_UNASKED] = { "unknown", "nobody has looked" },
	[HD_GUEST_RUNS] = { "running", "its guest runs" },
	[HD_GUEST_STARTS] = { "starting", "its guest may still be starting" },
	[HD_GUEST_ENDS] = { "ending",
			    "its guest is gone, and libvirt is still at work" },
	[HD_ON_THEIR_WAY] = { "moving",
			      "virt-hostdev attach or detach is at work on it" },
	[HD_BEING_BOUND] = { "binding", "virt-hostdev bind is at work on it" },
	[HD_BOUND_BY_HAND] = { "by hand", "virt-hostdev bind took it" },
	[HD_LEFT_BEHIND] = { "left behind",
			     "virt-hostdev recover gives it back" },
	[HD_CANT_TELL] = { "unknown", "what tells whether it is still needed "
				      "can't be read" },
};

static const struct words of_unsettled[] = {
	[false] = { "damaged", "its claim is damaged" },
	[true] = { "other version",
		   "another version of virt-hostdev wrote its claim" },
};

const char *hd_outlook_name(enum hd_outlook outlook)
{
	return of_outlook[outlook].name;
}

const char *hd_outlook_text(enum hd_outlook outlook)
{
	return of_outlook[outlook].text;
}

const char *hd_unsettled_name(const struct hd_unsettled *unsettled)
{
	return of_unsettled[unsettled->foreign].name;
}

const char *hd_unsettled_text(const struct hd_unsettled *unsettled)
{
	return of_unsettled[unsettled->foreign].text;
}
