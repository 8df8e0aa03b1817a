// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/doctor/doctor.h"
#include "lib/doctor/read/devicetree.h"
#include "lib/doctor/read/kernelimage.h"
#include "lib/request/config.h"
#include "tools/libvirt/source.h"
#include "tools/tool.h"
#include "tools/verb/doctor/guests.h"
#include "tools/verb/doctor/report.h"
#include "xml/domain/domain.h"
#include "xml/domain/guest_memory.h"

struct values {
	bool all;
	const char *kernel_image; /* a file, as the next */
	const char *dtb;
};

/* What the command line asks for. */
struct question {
	struct hd_domain domain; /* its assigns are those of a guest, or of
				  * addresses; the name is NULL then */
	struct hd_guest_memory memory;
	struct hd_config config;
	struct hd_request request;
};

static void clear_question(struct question *question)
{
	hd_domain_clear(&question->domain);
	hd_config_clear(&question->config);
}

static int take_addresses(struct question *question, int argc, char **argv,
			  struct hd_err *err)
{
	struct hd_domain *domain = &question->domain;

	for (int i = 0; i < argc; i++) {
		struct hd_assign *assign = hd_array_add(
			&domain->assigns, &domain->n_assigns, sizeof(*assign));

		if (!assign)
			return hd_err_nomem(err);
		assign->managed = true;
		if (hd_addr_parse(argv[i], &assign->addr, err) < 0)
			return -EINVAL;
	}
	return 0;
}

static int take_domain(struct question *question, const struct hd_tool *tool,
		       const char *source, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = hd_source_load(tool, source, &text, &length, err);

	if (r < 0)
		return r;
	r = hd_source_parse(text, length, &question->domain, err);
	if (r == 0)
		r = hd_guest_memory_parse(text, length, &question->memory, err);
	if (r < 0)
		hd_err_wrap(err, "%s", source);
	return r;
}

/* Addresses, or one guest. */
static int take_arguments(struct question *question, const struct hd_tool *tool,
			  int argc, char **argv, struct hd_err *err)
{
	struct hd_addr addr;
	int r;

	/* That it can't be used is a check of its own. */
	hd_config_read(&tool->host, &question->config, NULL);
	if (hd_addr_parse(argv[0], &addr, NULL) == 0)
		r = take_addresses(question, argc, argv, err);
	else if (argc == 1)
		r = take_domain(question, tool, argv[0], err);
	else
		r = hd_addr_parse(argv[0], &addr, err);
	if (r == 0)
		question->request = hd_domain_request(&question->domain,
						      &question->config.policy);
	return r;
}

static int print(const struct hd_tool *tool,
		 const struct hd_doctor_request *request,
		 const struct hd_diagnosis *diagnosis, struct hd_err *err)
{
	const struct values *values = tool->values;

	if (tool->json)
		hd_report_print_json(&tool->host, request, diagnosis);
	else if (hd_report_print(&tool->host, request, diagnosis, values->all,
				 err) < 0)
		return HD_EXIT_FAILED;
	return (int)hd_report_exit(diagnosis);
}

/* What a file is worth is the user's input. */
static int open_file(const char *path, struct hd_err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		hd_err_set(err, errno, "cannot open %s: %m", path);
	return fd;
}

/* Of a kernel that isn't run. */
static int run_image(const struct hd_tool *tool, const char *path,
		     struct hd_err *err)
{
	HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis = { .items = NULL };
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { .format = NULL };
	const struct hd_doctor_request request = { .subject = HD_OF_KERNEL };
	HD_AUTOCLOSE int fd = open_file(path, err);
	int r;

	if (fd < 0)
		return HD_EXIT_FAILED;
	r = hd_kernel_image_read(fd, path, &image, err);
	if (r < 0)
		return r == -ENOMEM ? HD_EXIT_FAILED : HD_EXIT_USAGE;
	if (hd_doctor_run_image(&tool->host, &request, &image, path, &diagnosis,
				err) < 0)
		return HD_EXIT_FAILED;
	return print(tool, &request, &diagnosis, err);
}

/* Of a device tree from a file. */
static int run_tree(const struct hd_tool *tool, const char *path,
		    struct hd_err *err)
{
	HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis = { .items = NULL };
	HD_AUTO_DEVICETREE struct hd_devicetree tree = { .there = false };
	HD_AUTO_FLAT_TREE struct hd_flat_tree flat = { NULL };
	const struct hd_doctor_request request = { .subject = HD_OF_TREE };
	HD_AUTOCLOSE int fd = open_file(path, err);
	int r;

	if (fd < 0)
		return HD_EXIT_FAILED;
	r = hd_flat_tree_read(fd, path, &flat, err);
	if (r < 0)
		return r == -ENOMEM ? HD_EXIT_FAILED : HD_EXIT_USAGE;
	r = hd_devicetree_parse(&flat, &tree);
	if (r == -E2BIG) {
		hd_err_set(err, E2BIG, "%s has more than any machine", path);
		return HD_EXIT_USAGE;
	}
	if (r < 0)
		return hd_err_nomem(err), HD_EXIT_FAILED;
	if (hd_doctor_run_tree(&tool->host, &request, &tree, &diagnosis, err) <
	    0)
		return HD_EXIT_FAILED;
	return print(tool, &request, &diagnosis, err);
}

/* Whether it is about a file, and no host; if so @ret is the exit status. */
static bool run_file(const struct hd_tool *tool, int argc, int *ret,
		     struct hd_err *err)
{
	const struct values *values = tool->values;

	if (!values->kernel_image && !values->dtb)
		return false;
	*ret = HD_EXIT_USAGE;
	if (values->kernel_image && values->dtb)
		hd_err_set(err, EINVAL,
			   "--kernel-image and --dtb are about one file each");
	else if (argc > 0 && values->kernel_image)
		hd_err_set(
			err, EINVAL,
			"--kernel-image is about a kernel, and no device or guest");
	else if (argc > 0)
		hd_err_set(
			err, EINVAL,
			"--dtb is about a device tree, and no device or guest");
	else if (values->kernel_image)
		*ret = run_image(tool, values->kernel_image, err);
	else
		*ret = run_tree(tool, values->dtb, err);
	return true;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO(clear_question)
	struct question question = { .domain.name = NULL };
	HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis = { .items = NULL };
	HD_AUTO_GUESTS struct hd_guests guests = { .uses = NULL };
	struct hd_doctor_request request = { .names = tool->names };
	int status;

	if (run_file(tool, argc, &status, err))
		return status;
	if (argc > 0 && take_arguments(&question, tool, argc, argv, err) < 0)
		return argc > 1 ? HD_EXIT_USAGE : HD_EXIT_FAILED;
	if (hd_guests_read(&tool->host, &guests, err) < 0)
		return HD_EXIT_FAILED;
	request.devices = argc > 0 ? &question.request : NULL;
	request.memory = question.domain.name ? &question.memory : NULL;
	request.uses = guests.uses;
	request.n_uses = guests.n;
	request.uses_unread = guests.unread;
	if (hd_doctor_run(&tool->host, &request, &diagnosis, err) < 0)
		return HD_EXIT_FAILED;
	return print(tool, &request, &diagnosis, err);
}

static const struct hd_option options[] = {
	{ 'A', "all", NULL, "show what is fine, too",
	  offsetof(struct values, all), NULL },
	{ 'k', "kernel-image", "FILE",
	  "look at the kernel in FILE, which needn't run here",
	  offsetof(struct values, kernel_image), NULL },
	{ 'd', "dtb", "FILE", "look at the device tree in FILE, a blob of one",
	  offsetof(struct values, dtb), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_doctor = {
	.name = "doctor",
	.arguments = "[ADDRESS...|DOMAIN|FILE|-]",
	.summary =
		"Say whether the host can pass devices through, and what to fix first",
	.help = "Looks at the kernel, its command line, the IOMMU, VFIO, memory, confinement,\n"
		"libvirt and hooks; with addresses or a guest (a name, a file, or - for standard\n"
		"input) at those devices too. It runs no program and changes nothing.\n"
		"The first line is the verdict, and what to fix first where something is wrong.\n"
		"The table has what fails, warns, or couldn't be read; with --all everything.\n"
		"With --kernel-image it looks at a kernel in a file, and at nothing of this host:\n"
		"a bzImage, Image, zImage or vmlinux, compressed or not, a boot.img of Android, or\n"
		"the configuration of one. With --dtb it looks at a device tree in a file: what\n"
		"leads from each PCI host bridge to an IOMMU, and what is missing on the way.\n"
		"Exit status 1 says that something is to be fixed, 3 that something couldn't be\n"
		"read without which nobody can tell.",
	.common = HD_OPT_JSON | HD_OPT_ROOT | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct values),
	.max_arguments = 256,
	.tells = true,
	.run = run,
};
