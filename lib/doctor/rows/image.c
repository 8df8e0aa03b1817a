// SPDX-License-Identifier: GPL-2.0-or-later
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
};

const struct hd_rows hd_rows_image = HD_ROWS("kernel image", rows);
