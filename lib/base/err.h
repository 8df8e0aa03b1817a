/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_ERR_H
#define HD_LIB_BASE_ERR_H

/*
 * What went wrong, as a sentence and as an errno. The contract of every
 * function that can fail:
 *
 * 0 is success, a negative errno a failure. In lib/base the errno may be all;
 * from lib/host upward a failure fills the last parameter, @err, with its
 * sentence, but for errnos that the header names, such as -ENOENT.
 * 1 is a refusal, of a function that says so: nothing failed, but an error lies
 * among the findings; then 0 says that none does. Nobody has to look at the
 * findings to know whether to go on.
 * A ret_ parameter is set on success only, and what it points to is the
 * caller's from then on. What has a clear function may be cleared either way.
 */
struct hd_err {
	int code; /* positive errno, 0 when nothing is wrong */
	char *message; /* one sentence; owned. It may quote what others wrote:
			* print it with hd_print_err() */
	char *fix; /* command or setting that ends it, or NULL; owned */
};

#define HD_ERR_INIT { 0, NULL, NULL }
#define HD_AUTO_ERR __attribute__((cleanup(hd_err_clear)))

/*
 * Fills @err, replacing what it held, and returns -@code, so that a function
 * can fail in one statement. @err may be NULL. When memory runs out the
 * message stays NULL and hd_err_message() falls back on the errno's text.
 */
int hd_err_set(struct hd_err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the command or setting that ends the problem. */
void hd_err_fix(struct hd_err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts context before the message: "context: message". */
void hd_err_wrap(struct hd_err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Fills @err with "out of memory" and returns -ENOMEM. */
int hd_err_nomem(struct hd_err *err);

/* The sentence to show; never NULL, valid until @err changes. */
const char *hd_err_message(const struct hd_err *err);

/* Frees what @err owns and makes it empty. */
void hd_err_clear(struct hd_err *err);

#endif
