// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/host/nodes.h"
#include "tests/unit/place.h"

#define DEVICE "sys/bus/pci/devices/0000:01:00.0/"
#define NVIDIA "proc/driver/nvidia/gpus/0000:01:00.0/information"

static const struct hd_device device = {
	.addr = { .bus = 1 },
	.driver = (char *)"nvidia",
};

static void put(const struct place *place, const char *path, const char *text)
{
	place_write(place, path, text, strlen(text));
}

static void put_link(const struct place *place, const char *path,
		     const char *target)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	assert_int_equal(symlink(target, whole), 0);
}

/* In place of a file: what never ends for who waits for it. */
static void put_pipe(const struct place *place, const char *path)
{
	char whole[256];

	put(place, path, "");
	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	assert_int_equal(unlink(whole), 0);
	assert_int_equal(mkfifo(whole, 0644), 0);
}

/* A disk, an interface and a card, each behind some folders. */
static void make_device(const struct place *place)
{
	put(place, DEVICE "nvme/nvme0/nvme0n1/dev", "259:3\n");
	put_link(place, DEVICE "nvme/nvme0/nvme0n1/subsystem",
		 "../../../../../../class/block");
	put(place, DEVICE "nvme/nvme0/nvme0c1n2/size", "1\n");
	put(place, "sys/class/block/nvme0n2/dev", "259:4\n");
	put(place, DEVICE "virtio1/net/eth0/flags", "0x1003\n");
	put(place, NVIDIA, "Model: A\nDevice Minor: \t 7\n");
}

/* "net eth0 up, block nvme0n1 259:3", in the order of names. */
static char *list(struct hd_nodes *nodes)
{
	static const char *const kinds[] = { "char", "block", "net" };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	for (const char *last = "";;) {
		const struct hd_node *next = NULL;

		for (size_t i = 0; i < nodes->n; i++)
			if (strcmp(nodes->items[i].name, last) > 0 &&
			    (!next ||
			     strcmp(nodes->items[i].name, next->name) < 0))
				next = &nodes->items[i];
		if (!next)
			break;
		fprintf(file, "%s%s %s", *last ? ", " : "", kinds[next->kind],
			next->name);
		if (next->kind == HD_NODE_NET)
			fputs(next->up ? " up" : " down", file);
		else
			fprintf(file, " %u:%u", next->major, next->minor);
		last = next->name;
	}
	assert_int_equal(fclose(file), 0);
	return text;
}

#define ALL                                                                    \
	"net eth0 up, char nvidia7 195:7, block nvme0n1 259:3, "               \
	"char nvme0n2 259:4"

static void everything_is_found(void **state)
{
	const struct place *place = *state;
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	HD_AUTOFREE char *text = NULL;

	make_device(place);
	assert_int_equal(hd_nodes_add(&nodes, &place->host, &device, NULL), 0);
	text = list(&nodes);
	assert_string_equal(text, ALL);
}

/* Each device has its own, whichever comes first. */
static void each_device_has_its_own(void **state)
{
	static const uint8_t buses[] = { 5, 3, 7, 4 };
	const struct place *place = *state;
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	const struct hd_node *of;
	char path[96];
	size_t n;

	for (size_t i = 0; i < N_ELEMENTS(buses); i++)
		for (unsigned j = 0; j < buses[i]; j++) {
			snprintf(path, sizeof(path),
				 "sys/bus/pci/devices/0000:%02x:00.0/n%u/dev",
				 buses[i], j);
			put(place, path, "8:1\n");
		}
	for (size_t i = 0; i < N_ELEMENTS(buses); i++) {
		const struct hd_device other = { .addr = { .bus = buses[i] } };

		assert_int_equal(
			hd_nodes_add(&nodes, &place->host, &other, NULL), 0);
	}
	assert_int_equal(nodes.n, 5 + 3 + 7 + 4);
	for (uint8_t bus = 2; bus < 9; bus++) {
		of = hd_nodes_of(&nodes, (struct hd_addr){ .bus = bus }, &n);
		assert_int_equal(n, bus != 6 && bus > 2 && bus < 8 ? bus : 0);
		assert_int_equal(of != NULL, n != 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(of[i].addr.bus, bus);
	}
}

/* Folders of attributes are skipped by their names, but devices never are. */
static void names_of_attributes_hide_nothing(void **state)
{
	static const char *const names[] = {
		"power",     "msi_irqs", "queue", "mq",	 "queues", "statistics",
		"integrity", "trace",	 "net",	  "dev", "flags",  ".hidden"
	};
	const struct place *place = *state;
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	char path[128];

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		snprintf(path, sizeof(path), DEVICE "net/%s/flags", names[i]);
		put(place, path, "0x1002\n");
		/* It has attributes of such names itself. */
		snprintf(path, sizeof(path), DEVICE "net/%s/queues/dev",
			 names[i]);
		put(place, path, "no device\n");
	}
	put(place, DEVICE "usb1/queue/sdz/dev", "8:1\n");
	put_link(place, DEVICE "usb1/queue/subsystem", "../../../bus/usb");
	put(place, DEVICE "power/wakeup/dev", "no device\n");
	assert_int_equal(hd_nodes_add(&nodes, &place->host, &device, NULL), 0);
	assert_int_equal(nodes.n, N_ELEMENTS(names) + 1);
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		size_t found = 0;

		for (size_t j = 0; j < nodes.n; j++)
			found += nodes.items[j].kind == HD_NODE_NET &&
				 strcmp(nodes.items[j].name, names[i]) == 0;
		assert_int_equal(found, 1);
	}
}

static void what_can_not_be_read_is_named(void **state)
{
	/* @text NULL: a pipe; "/": a folder. */
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ DEVICE "nvme/nvme0/nvme0n1/dev", NULL },
		{ DEVICE "nvme/nvme0/nvme0n1/dev", "" },
		{ DEVICE "nvme/nvme0/nvme0n1/dev", "259\n" },
		{ DEVICE "nvme/nvme0/nvme0n1/dev", "259:3 x\n" },
		{ DEVICE "nvme/nvme0/nvme0n1/subsystem", "" },
		{ DEVICE "virtio1/net/eth0/flags", NULL },
		{ DEVICE "virtio1/net/eth0/flags", "up\n" },
		{ DEVICE "virtio1/net/eth0/flags", "/" },
		{ "sys/class/block/nvme0n2", "" },
		{ "sys/class/block/nvme0n2/dev", "x\n" },
		{ NVIDIA, NULL },
		{ NVIDIA, "/" },
		{ NVIDIA, "Device Minor: none\n" },
		{ NVIDIA, "Device Minor: 254\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct place *place;
		char whole[256];
		void *made;

		assert_int_equal(place_set_up(&made), 0);
		place = made;
		make_device(place);
		place_remove(place, rows[i].path);
		snprintf(whole, sizeof(whole), "%s/x", rows[i].path);
		if (!rows[i].text)
			put_pipe(place, rows[i].path);
		else
			put(place, *rows[i].text == '/' ? whole : rows[i].path,
			    rows[i].text);
		if (hd_nodes_add(&nodes, &place->host, &device, &err) >= 0 ||
		    !strstr(hd_err_message(&err), rows[i].path))
			fail_msg("'%s' lacks %s", hd_err_message(&err),
				 rows[i].path);
		place_tear_down(&made);
	}
}

/* How many files this process has open. */
static rlim_t count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	rlim_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 3; /* "." and "..", and this one */
}

/* 0 for all, 1 for a failure, 2 for less than all without one. */
static int find_with(const struct place *place, rlim_t files)
{
	const struct rlimit limit = { files, files };
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE char *text = NULL;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 3;
	if (hd_nodes_add(&nodes, &place->host, &device, &err) < 0)
		return 1;
	text = list(&nodes);
	return strcmp(text, ALL) == 0 ? 0 : 2;
}

static void too_few_files_hide_nothing(void **state)
{
	const struct place *place = *state;
	rlim_t files = count_open();
	unsigned failed = 0;
	int status = 1;

	make_device(place);
	for (; status; files++) {
		pid_t pid = fork();

		assert_int_not_equal(pid, -1);
		if (pid == 0)
			_exit(find_with(place, files));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_in_range(WEXITSTATUS(status), 0, 1);
		failed += status != 0;
	}
	assert_in_range(failed, 5, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_is_found,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(each_device_has_its_own,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(
			names_of_attributes_hide_nothing, place_set_up,
			place_tear_down),
		cmocka_unit_test(what_can_not_be_read_is_named),
		cmocka_unit_test_setup_teardown(too_few_files_hide_nothing,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
}
