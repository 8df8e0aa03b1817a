// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"

/*
 * A kernel that isn't run, from its file.
 */

static void rule_format(struct hd_exam *exam)
{
	const struct hd_kernel_image *image = exam->facts->image;

	if (image->text || image->kconfig.n)
		hd_exam_pass(exam, "%s", image->format);
	else
		hd_exam_unknown(exam, "%s", hd_err_message(&image->no_kconfig));
}

static void rule_release(struct hd_exam *exam)
{
	const struct hd_kernel_image *image = exam->facts->image;

	if (image->release)
		hd_exam_pass(exam, "Linux %s", image->release);
	else if (!image->text)
		hd_exam_not_applicable(exam, "there is no kernel in it");
	else
		hd_exam_unknown(exam,
				"it doesn't say which version of Linux it is");
}

/* Of an Android image, whose boot loader adds more to it. */
static void rule_cmdline(struct hd_exam *exam)
{
	const struct hd_kernel_image *image = exam->facts->image;

	if (!image->cmdline)
		hd_exam_not_applicable(exam, "it has no command line in it");
	else
		hd_exam_pass(exam, "%s",
			     *image->cmdline ? image->cmdline : "empty");
}

static void rule_bootconfig(struct hd_exam *exam)
{
	const char *text = exam->facts->image->bootconfig;

	if (!text)
		hd_exam_not_applicable(exam,
				       "it has no boot configuration in it");
	else
		hd_exam_pass(exam, "%.*s",
			     (int)(strlen(text) -
				   (*text && text[strlen(text) - 1] == '\n')),
			     text);
}

/* Whether a command line has the word. */
static bool has_word(struct hd_exam *exam, const char *text, const char *word)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };

	if (!text)
		return false;
	exam->failed |= hd_bootargs_parse(text, &args) < 0;
	return hd_bootargs_find(&args, word, NULL) != NULL;
}

/* The command line that the kernel was built with; NULL when there is none. */
static char *built_in(struct hd_exam *exam)
{
	const char *value = hd_kconfig_value(&exam->facts->kconfig, "CMDLINE");
	size_t n = value ? strlen(value) : 0;
	char *text;

	if (n < 2 || *value != '"')
		return NULL;
	text = strndup(value + 1, n - 2);
	exam->failed |= !text;
	return text;
}

static void rule_pkvm(struct hd_exam *exam)
{
	const struct hd_kernel_image *image = exam->facts->image;
	HD_AUTOFREE char *built = built_in(exam);
	const char *where = NULL;

	if (has_word(exam, image->cmdline, exam->row->what))
		where = "its command line";
	else if (image->bootconfig &&
		 hd_bootconfig_says(image->bootconfig, "kvm-arm.mode",
				    "protected"))
		where = "its boot configuration";
	else if (has_word(exam, built, exam->row->what))
		where = "CONFIG_CMDLINE";
	if (where)
		hd_exam_bad(exam, "%s has %s: %s", where, exam->row->what,
			    exam->row->why);
	else if (image->cmdline || image->kconfig.n)
		hd_exam_pass(exam, "nothing in it says so");
	else
		hd_exam_not_applicable(exam, "it has no command line in it");
}

static const struct hd_row rows[] = {
	{ .id = "image-format",
	  .title = "What the file is",
	  .source = "--kernel-image",
	  .rule = rule_format },
	{ .id = "image-release",
	  .title = "Version of Linux",
	  .source = "--kernel-image",
	  .rule = rule_release },
	{ .id = "image-cmdline",
	  .title = "Command line in the image",
	  .source = "--kernel-image",
	  .rule = rule_cmdline },
	{ .id = "image-bootconfig",
	  .title = "Boot configuration in the image",
	  .source = "--kernel-image",
	  .rule = rule_bootconfig },
	{ .id = "image-pkvm",
	  .title = "No protected KVM",
	  .source = "--kernel-image",
	  .rule = rule_pkvm,
	  .what = "kvm-arm.mode=protected",
	  .bad = HD_WARN,
	  .why = "the hypervisor owns stage 2 of translation, and protected guests get devices only with vendors' kernels",
	  .fix = "Start it with kvm-arm.mode=nvhe" },
};

const struct hd_rows hd_rows_image = HD_ROWS("kernel image", rows);
