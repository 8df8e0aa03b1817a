/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_SEEN_H
#define HD_LIB_BASE_SEEN_H

#include <errno.h>
#include <stdbool.h>

/*
 * What looking for something says: it is there, it isn't, or it can't be known.
 * It is a type of its own so that none of the three turns into another one on
 * the way up: whoever looked has to say what becomes of each.
 */
enum hd_presence {
	HD_PRESENT, /* it was read; what a ret_ parameter holds is set */
	HD_ABSENT, /* the kernel says that there is none */
	HD_UNKNOWN, /* it could not be read; it may well be there */
};

struct hd_seen {
	enum hd_presence is;
	int error; /* of HD_UNKNOWN: the negative errno that stood in the way */
};

/* For functions whose answer nobody may leave unread. */
#define HD_LOOK __attribute__((warn_unused_result))

static inline struct hd_seen hd_seen_present(void)
{
	return (struct hd_seen){ HD_PRESENT, 0 };
}

static inline struct hd_seen hd_seen_absent(void)
{
	return (struct hd_seen){ HD_ABSENT, 0 };
}

/*
 * The answer in what a system call gave, a value or a negative errno. Absent is
 * what the kernel says is absent: the name (ENOENT), or the device behind it,
 * which went away while we looked (ENODEV, ENXIO). All else is unknown, memory
 * that ran out and too many open files among it.
 */
HD_LOOK static inline struct hd_seen hd_seen_of(int r)
{
	if (r >= 0)
		return hd_seen_present();
	if (r == -ENOENT || r == -ENODEV || r == -ENXIO)
		return hd_seen_absent();
	return (struct hd_seen){ HD_UNKNOWN, r };
}

/* Of what has to be there: 0, -ENOENT, or why it can't be known. */
HD_LOOK static inline int hd_seen_required(struct hd_seen seen)
{
	return seen.is == HD_ABSENT ? -ENOENT : seen.error;
}

/* Of what need not be there: 0, or why it can't be known. */
HD_LOOK static inline int hd_seen_optional(struct hd_seen seen)
{
	return seen.error;
}

/* The same, which tells whether it is there; false when it can't be known. */
HD_LOOK static inline int hd_seen_whether(struct hd_seen seen, bool *ret)
{
	*ret = seen.is == HD_PRESENT;
	return seen.error;
}

#endif
