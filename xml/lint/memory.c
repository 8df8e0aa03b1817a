// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/lint/rule.h"

#define MIB (1024 * 1024)
#define GIB (UINT64_C(1024) * MIB)

/* How many bytes a unit has, as virScaleInteger() reads them; 0: none. */
static uint64_t unit_size(const char *unit)
{
	static const char prefixes[] = "kmgtpe";
	const char *prefix;
	uint64_t base = 1024, size = 1;

	if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 ||
	    strcasecmp(unit, "bytes") == 0)
		return 1;
	prefix = *unit ? strchr(prefixes, tolower((unsigned char)*unit)) : NULL;
	if (!prefix)
		return 0;
	if (strcasecmp(unit + 1, "b") == 0)
		base = 1000;
	else if (unit[1] && strcasecmp(unit + 1, "ib") != 0)
		return 0;
	for (const char *p = prefixes; p <= prefix; p++)
		size *= base;
	return size;
}

/* A size in bytes; false when it can't be read. @unit may be NULL: KiB. */
static bool read_size(const char *text, const char *unit, uint64_t *ret)
{
	uint64_t size = unit_size(unit ? unit : "KiB");
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || size == 0 ||
	    end[strspn(end, " \t\r\n")] != '\0' || strchr(text, '-'))
		return false;
	if (__builtin_mul_overflow(value, size, ret))
		*ret = UINT64_MAX;
	return true;
}

static bool read_element(const xmlNode *node, uint64_t *ret)
{
	char text[HD_NODE_TEXT];

	return node && hd_node_text(node, text, sizeof(text)) &&
	       read_size(text, hd_node_attribute(node, "unit"), ret);
}

/* What the guest has at its start: its NUMA cells go before <memory>. */
static bool read_guest_memory(const struct hd_lint *lint, uint64_t *ret)
{
	const xmlNode *numa = hd_lint_find(lint->domain, "cpu/numa");
	uint64_t sum = 0;

	HD_LINT_EACH(cell, numa, "cell")
	{
		const char *text = hd_node_attribute(cell, "memory");
		const char *unit = hd_node_attribute(cell, "unit");
		uint64_t size;

		if (!text || !read_size(text, unit, &size) ||
		    __builtin_add_overflow(sum, size, &sum))
			return false;
	}
	if (sum == 0)
		return read_element(hd_lint_find(lint->domain, "memory"), ret);
	*ret = sum;
	return true;
}

/*
 * VFIO pins all of the guest's memory at its start, within what the process may
 * lock: <hard_limit> when there is one, otherwise the guest's memory and 1 GiB
 * (src/qemu/qemu_domain.c, qemuDomainGetMemLockLimitBytes()).
 */
int hd_lint_memory_limit(struct hd_lint *lint)
{
	const xmlNode *node = hd_lint_find(lint->domain, "memtune/hard_limit");
	uint64_t limit, memory;

	if (!node || !read_element(node, &limit) || limit == 0 ||
	    !read_guest_memory(lint, &memory) ||
	    (limit >= memory && limit - memory >= GIB))
		return 0;
	if (limit < memory)
		return hd_lint_add(
			lint, "memory-limit", HD_ERROR, NULL, node,
			hd_text("<hard_limit> of %" PRIu64
				" MiB is less than the guest's %" PRIu64
				" MiB of memory, all of which must be locked for its devices.",
				limit / MIB, memory / MIB),
			hd_text("Remove <hard_limit>: libvirt allows what is needed"));
	return hd_lint_add(
		lint, "memory-limit", HD_WARNING, NULL, node,
		hd_text("<hard_limit> leaves QEMU %" PRIu64
			" MiB beside the guest's memory, and the kernel ends it when it needs more.",
			(limit - memory) / MIB),
		hd_text("Remove <hard_limit>: libvirt leaves 1 GiB without it"));
}

static int check_current(struct hd_lint *lint)
{
	const xmlNode *node = hd_lint_find(lint->domain, "currentMemory");
	uint64_t current, memory;

	if (!node || !read_element(node, &current) ||
	    !read_guest_memory(lint, &memory) || current >= memory ||
	    hd_lint_find(lint->devices, "memory"))
		return 0;
	return hd_lint_add(
		lint, "balloon", HD_WARNING, NULL, node,
		hd_text("The guest may use %" PRIu64
			" MiB, but all of its %" PRIu64
			" MiB are locked for its devices: ballooning gives the host nothing back.",
			current / MIB, memory / MIB),
		hd_text("Set <currentMemory> and <memory> to the same size"));
}

/*
 * A balloon may be there, as libvirt adds one everywhere. QEMU doesn't discard
 * what VFIO has pinned (ram_block_discard_disable(), 5.1 and newer; before,
 * qemu_balloon_inhibit()).
 */
int hd_lint_balloon(struct hd_lint *lint)
{
	const xmlNode *balloon = hd_lint_find(lint->devices, "memballoon");
	int r;

	if (balloon && hd_node_attribute_is(balloon, "model", "none"))
		return 0;
	r = check_current(lint);
	if (r < 0 || !balloon ||
	    !hd_node_attribute_is(balloon, "freePageReporting", "on"))
		return r;
	return hd_lint_add(
		lint, "balloon", HD_INFO, NULL, balloon,
		hd_text("freePageReporting='on' has no effect: all of the guest's memory is locked for its devices."),
		NULL);
}

static uint64_t count_blocks(const xmlNode *memory)
{
	const xmlNode *target = hd_node_child(memory, "target");
	uint64_t size, block;

	if (!target || !hd_node_attribute_is(memory, "model", "virtio-mem") ||
	    !read_element(hd_node_child(target, "size"), &size) ||
	    !read_element(hd_node_child(target, "block"), &block) || block == 0)
		return 0;
	return size / block;
}

/*
 * Each block may become one DMA mapping, of which VFIO has 65535
 * (vfio_iommu_type1, dma_entry_limit); QEMU keeps as many back as KVM has
 * memory slots, 32764 on x86 (vfio_ram_discard_register_listener()). Newer ones
 * refuse to start.
 */
int hd_lint_virtio_mem(struct hd_lint *lint)
{
	enum { MOST = 65535 - 32764 };
	uint64_t blocks = 0;

	HD_LINT_EACH(memory, lint->devices, "memory")
	{
		uint64_t more = count_blocks(memory);

		if (__builtin_add_overflow(blocks, more, &blocks))
			blocks = UINT64_MAX;
		if (more == 0 || blocks <= MOST)
			continue;
		return hd_lint_add(
			lint, "virtio-mem-blocks", HD_WARNING, NULL, memory,
			hd_text("virtio-mem has %" PRIu64
				" blocks, and VFIO may run out of DMA mappings from %d on.",
				blocks, MOST),
			hd_text("Give it a larger <block>"));
	}
	return 0;
}
