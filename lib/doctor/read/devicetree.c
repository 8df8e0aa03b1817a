// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/devicetree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"

/* The largest tree of the kernel has some thousand nodes, and seven hosts. */
#define NODES_LIMIT 65536
#define HOSTS_LIMIT 64
#define UNITS_LIMIT 1024
#define DEPTH_LIMIT 64

/* More of them say nothing new. */
#define INVENTIONS_LIMIT 64
#define RESERVED_LIMIT 1024

#define ROOT 0
#define NO_NODE SIZE_MAX

struct node {
	int offset; /* libfdt's */
	size_t parent; /* an index, or NO_NODE */
	size_t host; /* the PCI host bridge that it is, or is below */
	size_t unit; /* which one it is, or NO_NODE */
};

struct phandle {
	uint32_t number;
	size_t node;
};

struct parser {
	const void *fdt;
	struct node *nodes; /* in the tree's order; owned */
	size_t n;
	struct phandle *phandles; /* in the order of numbers; owned */
	size_t n_phandles;
	struct hd_devicetree *tree;
};

/*
 * What is driven how (the drivers' tables of_device_id, and what their
 * capable() says of IOMMU_CAP_CACHE_COHERENCY; Linux 6.12). An asterisk stands
 * for any text. The first row that fits one of the texts of "compatible".
 */
static const struct {
	const char *before, *after; /* around the asterisk */
	enum hd_unit_kind kind;
} kinds[] = {
	{ "arm,gic-v3-its", NULL, HD_UNIT_ITS },
	{ "arm,smmu-v3", NULL, HD_UNIT_SMMU_V3 },
	{ "arm,smmu-", "", HD_UNIT_SMMU_V2 },
	{ "arm,mmu-", "", HD_UNIT_SMMU_V2 },
	{ "cavium,smmu-v2", NULL, HD_UNIT_SMMU_V2 },
	{ "nvidia,smmu-500", NULL, HD_UNIT_SMMU_V2 },
	{ "qcom,smmu-500", NULL, HD_UNIT_SMMU_V2 },
	{ "qcom,smmu-v2", NULL, HD_UNIT_SMMU_V2 },
	{ "qcom,msm-iommu-v", "", HD_UNIT_SAFE_IOMMU },
	{ "virtio,pci-iommu", NULL, HD_UNIT_SAFE_IOMMU },
	{ "virtio,mmio", NULL, HD_UNIT_SAFE_IOMMU },
	{ "rockchip,", "iommu", HD_UNIT_VENDOR_IOMMU },
	{ "mediatek,", "m4u", HD_UNIT_VENDOR_IOMMU },
	{ "mediatek,", "iommu", HD_UNIT_VENDOR_IOMMU },
	{ "mediatek,", "iommu-vdo", HD_UNIT_VENDOR_IOMMU },
	{ "mediatek,", "iommu-vpp", HD_UNIT_VENDOR_IOMMU },
	{ "mediatek,", "iommu-infra", HD_UNIT_VENDOR_IOMMU },
	{ "apple,", "dart", HD_UNIT_VENDOR_IOMMU },
	{ "nvidia,tegra", "smmu", HD_UNIT_VENDOR_IOMMU },
	{ "allwinner,", "iommu", HD_UNIT_VENDOR_IOMMU },
	{ "samsung,exynos-sysmmu", NULL, HD_UNIT_VENDOR_IOMMU },
};

/* What people write, and no binding has: the kernel reads none of them. */
static const char *const inventions[] = {
	"iommu-ranges",
	"no-iommu",
	"qcom,iommu-bypass",
	"qcom,smmu-secure-mode-support",
};

/*
 * Chips whose PCI isn't coherent: no device tree of Linux 6.12 for one of them
 * (arch/arm64/boot/dts) has "dma-coherent" on a PCI host bridge. Of chips that
 * got it later, as some of Qualcomm's, nothing is said.
 */
static const char *const incoherent_socs[] = {
	"rockchip,rk3399",   "rockchip,rk3566",	   "rockchip,rk3568",
	"rockchip,rk3588",   "rockchip,rk3588s",   "brcm,bcm2711",
	"amlogic,meson-axg", "amlogic,g12a",	   "amlogic,g12b",
	"amlogic,sm1",	     "fsl,imx8mm",	   "fsl,imx8mp",
	"fsl,imx8mq",	     "marvell,armada3700", "nvidia,tegra210",
};

static const void *property(const struct parser *p, size_t node,
			    const char *name, size_t *ret_length)
{
	int length;
	const void *data =
		fdt_getprop(p->fdt, p->nodes[node].offset, name, &length);

	*ret_length = data ? (size_t)length : 0;
	return data;
}

static bool has(const struct parser *p, size_t node, const char *name)
{
	size_t length;

	return property(p, node, name, &length) != NULL;
}

static uint32_t cell(const void *cells, size_t i)
{
	fdt32_t value;

	memcpy(&value, (const char *)cells + i * sizeof(value), sizeof(value));
	return fdt32_to_cpu(value);
}

/* A number of one cell, or @otherwise. */
static uint32_t number(const struct parser *p, size_t node, const char *name,
		       uint32_t otherwise)
{
	size_t length;
	const void *data = property(p, node, name, &length);

	return length == sizeof(fdt32_t) ? cell(data, 0) : otherwise;
}

/* The next of several texts, or NULL. */
static const char *next_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = memchr(text, '\0', (size_t)(end - text));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

/* The first text; "" when it has none. Owned by the caller. */
static char *first_text(const struct parser *p, size_t node, const char *name)
{
	size_t length;
	const char *at = property(p, node, name, &length);
	const char *text = at ? next_text(&at, at + length) : NULL;

	return strdup(text ? text : "");
}

static bool fits(const char *text, const char *before, const char *after)
{
	const char *rest = hd_after(text, before);

	if (!rest)
		return false;
	if (!after)
		return !*rest;
	return !*after || hd_ends_with(text, after);
}

static bool says(const struct parser *p, size_t node, const char *name,
		 const char *before, const char *after)
{
	size_t length;
	const char *at = property(p, node, name, &length);
	const char *end = at ? at + length : NULL, *text;

	while (at && (text = next_text(&at, end)))
		if (fits(text, before, after))
			return true;
	return false;
}

static enum hd_unit_kind kind_of(const struct parser *p, size_t node)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (says(p, node, "compatible", kinds[i].before,
			 kinds[i].after))
			return kinds[i].kind;
	return HD_UNIT_OTHER;
}

/* Without "status" it is on (drivers/of/base.c). */
static bool is_on(const struct parser *p, size_t node)
{
	return !has(p, node, "status") ||
	       says(p, node, "status", "okay", NULL) ||
	       says(p, node, "status", "ok", NULL);
}

static bool is_on_above(const struct parser *p, size_t node)
{
	for (node = p->nodes[node].parent; node != NO_NODE;
	     node = p->nodes[node].parent)
		if (!is_on(p, node))
			return false;
	return true;
}

/* "/soc/pcie@1"; NULL without memory. */
static char *path_of(const struct parser *p, size_t node)
{
	const char *names[DEPTH_LIMIT + 1];
	HD_AUTOFREE char *text = NULL;
	size_t n = 0, size;
	FILE *file;

	for (; node != ROOT && n < DEPTH_LIMIT; node = p->nodes[node].parent)
		names[n++] = fdt_get_name(p->fdt, p->nodes[node].offset, NULL);
	file = hd_stream_open(&text, &size);
	if (!file)
		return NULL;
	if (n == 0)
		fputc('/', file);
	while (n-- > 0)
		fprintf(file, "/%s", names[n] ? names[n] : "");
	return hd_stream_text(file, &text) ? hd_steal(&text) : NULL;
}

/* What turns a node off: itself, or what it is part of. */
static int find_off(const struct parser *p, size_t node, char **ret)
{
	for (; node != NO_NODE; node = p->nodes[node].parent)
		if (!is_on(p, node)) {
			*ret = path_of(p, node);
			return *ret ? 0 : -ENOMEM;
		}
	*ret = NULL;
	return 0;
}

static int compare_phandles(const void *one, const void *other)
{
	const struct phandle *a = one, *b = other;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

/* Of several nodes with one phandle the first, as the kernel does. */
static size_t find_phandle(const struct parser *p, uint32_t number)
{
	size_t low = 0, high = p->n_phandles;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->phandles[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->n_phandles && p->phandles[low].number == number ?
		       p->phandles[low].node :
		       NO_NODE;
}

/* Where the DMA of a node goes: "interconnects" with "dma-mem", or its parent
 * (__of_get_dma_parent(), drivers/of/address.c). */
static size_t dma_parent(const struct parser *p, size_t node)
{
	size_t length, index = 0, at = 0, cells;
	const char *names = property(p, node, "interconnect-names", &length);
	const char *end = names ? names + length : NULL, *name;
	const void *data;

	while (names && (name = next_text(&names, end)) &&
	       strcmp(name, "dma-mem") != 0)
		index++;
	if (!names || !name)
		return p->nodes[node].parent;
	data = property(p, node, "interconnects", &length);
	for (cells = length / sizeof(fdt32_t); at < cells; index--) {
		size_t target = find_phandle(p, cell(data, at));

		if (target == NO_NODE || index == 0)
			return target == NO_NODE ? p->nodes[node].parent :
						   target;
		at += 1 + (size_t)number(p, target, "#interconnect-cells", 0);
	}
	return p->nodes[node].parent;
}

/* As of_dma_is_coherent() of arm64 finds it. */
static bool is_coherent(const struct parser *p, size_t node)
{
	for (size_t n = 0; node != NO_NODE && n < DEPTH_LIMIT; n++) {
		if (has(p, node, "dma-coherent"))
			return true;
		if (has(p, node, "dma-noncoherent"))
			return false;
		node = dma_parent(p, node);
	}
	return false;
}

static int make_unit(const struct parser *p, size_t node, struct hd_unit *ret)
{
	ret->kind = kind_of(p, node);
	ret->iommu = has(p, node, "#iommu-cells") ||
		     ret->kind == HD_UNIT_SMMU_V3 ||
		     ret->kind == HD_UNIT_SMMU_V2;
	ret->coherent = is_coherent(p, node);
	ret->incoherent = has(p, node, "dma-noncoherent");
	ret->cells = number(p, node, "#iommu-cells", 1);
	ret->path = path_of(p, node);
	ret->compatible = first_text(p, node, "compatible");
	if (!ret->path || !ret->compatible)
		return -ENOMEM;
	ret->disabled = says(p, node, "status", "disabled", NULL) &&
			is_on_above(p, node);
	return find_off(p, node, &ret->off);
}

/* Finds it among the units, or makes it one. */
static int add_unit(struct parser *p, size_t node, size_t *ret)
{
	struct hd_devicetree *tree = p->tree;
	struct hd_unit *unit;

	*ret = p->nodes[node].unit;
	if (*ret != NO_NODE)
		return 0;
	if (tree->n_units >= UNITS_LIMIT)
		return -E2BIG;
	*ret = p->nodes[node].unit = tree->n_units;
	unit = hd_array_add(&tree->units, &tree->n_units, sizeof(*unit));
	return unit ? make_unit(p, node, unit) : -ENOMEM;
}

/*
 * A map to a unit of two cells whose entries have one: the kernel takes it when
 * each entry is one requester ID, and all lead to the same unit
 * (of_check_bad_map(), drivers/of/base.c, since about 6.19).
 */
static bool is_narrow(const void *data, size_t cells)
{
	if (cells % 4)
		return false;
	for (size_t i = 0; i < cells; i += 4)
		if (cell(data, i + 1) != cell(data, 1) ||
		    cell(data, i + 3) != 1)
			return false;
	return true;
}

/* The cells of a stream ID in the entry that names this unit. */
static unsigned width_of(const struct hd_unit *unit, bool narrow)
{
	return unit->iommu && unit->cells == 2 && !narrow ? 2 : 1;
}

static int add_entry(struct parser *p, struct hd_map *map, const void *data,
		     size_t cells, bool narrow, size_t *at)
{
	struct hd_id_entry entry = { .base = cell(data, *at),
				     .unit = HD_NO_UNIT },
			   *added;
	uint32_t phandle = cell(data, *at + 1);
	size_t node = find_phandle(p, phandle);
	unsigned width = 1;
	int r = 0;

	if (node == NO_NODE)
		map->dangling = phandle;
	else
		r = add_unit(p, node, &entry.unit);
	if (r < 0)
		return r;
	if (node != NO_NODE)
		width = width_of(&p->tree->units[entry.unit], narrow);
	map->wide |= width == 2;
	if (cells - *at < 3 + (size_t)width) {
		map->broken = true;
		return 0;
	}
	entry.out = cell(data, *at + 2);
	entry.length = cell(data, *at + 2 + width);
	*at += 3 + (size_t)width;
	added = hd_array_add(&map->entries, &map->n, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = entry;
	return 0;
}

static int read_map(struct parser *p, size_t node, const char *name,
		    const char *mask, const struct hd_pci_host *host,
		    struct hd_map *map)
{
	size_t length, cells, at = 0;
	const void *data = property(p, node, name, &length);
	bool narrow;
	int r = 0;

	map->there = data != NULL;
	map->mask = number(p, node, mask, UINT32_MAX);
	if (!data)
		return 0;
	cells = length / sizeof(fdt32_t);
	map->broken = cells == 0 || length % sizeof(fdt32_t);
	narrow = is_narrow(data, cells);
	while (r == 0 && !map->broken && at < cells) {
		if (cells - at < 4)
			map->broken = true;
		else
			r = add_entry(p, map, data, cells, narrow, &at);
	}
	/* Then the kernel uses none of it. */
	if (map->broken)
		map->n = 0;
	return r < 0 ? r :
		       hd_id_map_follow(map->entries, map->n, map->mask,
					(uint16_t)(host->first_bus << 8),
					(uint16_t)(host->last_bus << 8 | 0xff),
					&map->ids);
}

static void read_buses(const struct parser *p, size_t node,
		       struct hd_pci_host *host)
{
	size_t length;
	const void *data = property(p, node, "bus-range", &length);

	host->last_bus = 0xff;
	if (length != 2 * sizeof(fdt32_t) || cell(data, 1) > 0xff ||
	    cell(data, 0) > cell(data, 1))
		return;
	host->first_bus = (uint8_t)cell(data, 0);
	host->last_bus = (uint8_t)cell(data, 1);
}

/* "msi-parent" of a PCI host names one controller, and perhaps a device ID. */
static int read_msi_parent(struct parser *p, size_t node,
			   struct hd_pci_host *host)
{
	size_t length, parent;
	const void *data = property(p, node, "msi-parent", &length);

	host->msi_parent = HD_NO_UNIT;
	if (length < sizeof(fdt32_t))
		return 0;
	parent = find_phandle(p, cell(data, 0));
	host->msi_parent_dangling = parent == NO_NODE;
	return parent == NO_NODE ? 0 : add_unit(p, parent, &host->msi_parent);
}

static bool is_pci(const struct parser *p, size_t node)
{
	return says(p, node, "device_type", "pci", NULL);
}

/* An IOMMU that is a PCI device is behind none itself. */
static void find_own(const struct parser *p, size_t node,
		     struct hd_pci_host *host)
{
	size_t length;
	const void *reg;

	for (size_t i = node + 1; i < p->n; i++) {
		if (p->nodes[i].parent != node || !has(p, i, "#iommu-cells"))
			continue;
		reg = property(p, i, "reg", &length);
		if (length < sizeof(fdt32_t))
			continue;
		host->has_own = true;
		host->own = (uint16_t)(cell(reg, 0) >> 8);
	}
}

static int add_host(struct parser *p, size_t node)
{
	struct hd_devicetree *tree = p->tree;
	struct hd_pci_host *host;
	int r;

	if (tree->n_hosts >= HOSTS_LIMIT)
		return -E2BIG;
	host = hd_array_add(&tree->hosts, &tree->n_hosts, sizeof(*host));
	if (!host)
		return -ENOMEM;
	host->node = node;
	host->path = path_of(p, node);
	host->compatible = first_text(p, node, "compatible");
	if (!host->path || !host->compatible)
		return -ENOMEM;
	r = find_off(p, node, &host->off);
	host->coherent = is_coherent(p, node);
	host->ats = has(p, node, "ats-supported");
	host->iommus = has(p, node, "iommus");
	read_buses(p, node, host);
	find_own(p, node, host);
	if (r == 0)
		r = read_map(p, node, "iommu-map", "iommu-map-mask", host,
			     &host->iommu);
	if (r == 0)
		r = read_map(p, node, "msi-map", "msi-map-mask", host,
			     &host->msi);
	return r < 0 ? r : read_msi_parent(p, node, host);
}

/* The cells of an address or a size of what is in @node. */
static size_t cells_in(const struct parser *p, size_t node, const char *name)
{
	for (; node != NO_NODE; node = p->nodes[node].parent)
		if (has(p, node, name))
			return number(p, node, name, 0);
	return 1;
}

/* Of more than two cells the last two count, as for the kernel. */
static uint64_t take_number(const void *data, size_t *at, size_t cells)
{
	uint64_t value = 0;

	while (cells-- > 0)
		value = value << 32 | cell(data, (*at)++);
	return value;
}

/* The one that a node is below, or is. */
static size_t find_host(const struct parser *p, size_t node)
{
	for (size_t i = 0; i < p->tree->n_hosts; i++)
		if (p->tree->hosts[i].node == p->nodes[node].host)
			return i;
	return HD_NO_UNIT;
}

/* Whether the memory that is reserved is where the device sees it. */
static bool is_direct(const struct parser *p, size_t node, uint64_t start,
		      uint64_t length)
{
	size_t parent = p->nodes[node].parent, size, at = 0;
	size_t address_cells = cells_in(p, parent, "#address-cells");
	size_t size_cells = cells_in(p, parent, "#size-cells");
	const void *reg = property(p, node, "reg", &size);

	if (address_cells > 4 || size_cells > 4 ||
	    size / sizeof(fdt32_t) < address_cells + size_cells)
		return false;
	return take_number(reg, &at, address_cells) == start &&
	       take_number(reg, &at, size_cells) == length;
}

/* One of them; what can't be read ends them. */
static int add_reserved(struct parser *p, size_t node, const void *data,
			size_t cells, size_t *at)
{
	size_t device = find_phandle(p, cell(data, (*at)++));
	size_t parent = device == NO_NODE ? NO_NODE : p->nodes[device].parent;
	size_t address_cells = cells_in(p, parent, "#address-cells");
	size_t size_cells = cells_in(p, parent, "#size-cells");
	struct hd_devicetree *tree = p->tree;
	struct hd_reserved_node *reserved;

	if (device == NO_NODE || address_cells > 4 || size_cells > 4 ||
	    cells - *at < address_cells + size_cells ||
	    tree->n_reserved >= RESERVED_LIMIT) {
		*at = cells;
		return 0;
	}
	reserved = hd_array_add(&tree->reserved, &tree->n_reserved,
				sizeof(*reserved));
	if (!reserved)
		return -ENOMEM;
	reserved->start = take_number(data, at, address_cells);
	reserved->length = take_number(data, at, size_cells);
	reserved->direct =
		is_direct(p, node, reserved->start, reserved->length);
	reserved->pci = find_host(p, device);
	reserved->path = path_of(p, node);
	reserved->device = path_of(p, device);
	return reserved->path && reserved->device ? 0 : -ENOMEM;
}

static int read_reserved(struct parser *p, size_t node)
{
	size_t length, cells, at = 0;
	const void *data = property(p, node, "iommu-addresses", &length);
	int r = 0;

	for (cells = length / sizeof(fdt32_t); r == 0 && at < cells;)
		r = add_reserved(p, node, data, cells, &at);
	return r;
}

static int find_inventions(struct parser *p, size_t node)
{
	struct hd_devicetree *tree = p->tree;

	for (size_t i = 0; i < sizeof(inventions) / sizeof(inventions[0]);
	     i++) {
		struct hd_invention *invention;

		if (!has(p, node, inventions[i]) ||
		    tree->n_inventions >= INVENTIONS_LIMIT)
			continue;
		invention = hd_array_add(&tree->inventions, &tree->n_inventions,
					 sizeof(*invention));
		if (!invention)
			return -ENOMEM;
		invention->name = inventions[i];
		invention->path = path_of(p, node);
		if (!invention->path)
			return -ENOMEM;
	}
	return 0;
}

static int visit(struct parser *p, size_t node)
{
	enum hd_unit_kind kind = kind_of(p, node);
	size_t unit;
	int r = 0;

	if (has(p, node, "#iommu-cells") || kind == HD_UNIT_SMMU_V3 ||
	    kind == HD_UNIT_SMMU_V2 || kind == HD_UNIT_ITS)
		r = add_unit(p, node, &unit);
	if (r == 0 && p->nodes[node].host == node)
		r = add_host(p, node);
	return r < 0 ? r : find_inventions(p, node);
}

static int add_phandle(struct parser *p, size_t node)
{
	uint32_t number = fdt_get_phandle(p->fdt, p->nodes[node].offset);
	struct phandle *phandle;

	if (number == 0)
		return 0;
	phandle = hd_array_add(&p->phandles, &p->n_phandles, sizeof(*phandle));
	if (!phandle)
		return -ENOMEM;
	*phandle = (struct phandle){ number, node };
	return 0;
}

static int add_node(struct parser *p, int offset, size_t parent)
{
	struct node *node = hd_array_add(&p->nodes, &p->n, sizeof(*node));
	size_t index = p->n - 1;

	if (!node)
		return -ENOMEM;
	*node = (struct node){ offset, parent, NO_NODE, NO_NODE };
	if (parent != NO_NODE)
		node->host = p->nodes[parent].host;
	if (node->host == NO_NODE && is_pci(p, index))
		node->host = index;
	return add_phandle(p, index);
}

/* Their order is the tree's, so that a node's parent stands before it. */
static int list_nodes(struct parser *p)
{
	size_t above[DEPTH_LIMIT + 1];
	int depth = 0, r = 0;

	for (int offset = 0; r == 0 && offset >= 0 && depth >= 0;
	     offset = fdt_next_node(p->fdt, offset, &depth)) {
		if (depth > DEPTH_LIMIT || p->n >= NODES_LIMIT)
			return -E2BIG;
		above[depth] = p->n;
		r = add_node(p, offset, depth ? above[depth - 1] : NO_NODE);
	}
	if (r == 0 && p->n_phandles)
		qsort(p->phandles, p->n_phandles, sizeof(*p->phandles),
		      compare_phandles);
	return r;
}

static size_t find_child(const struct parser *p, const char *name)
{
	for (size_t i = 1; i < p->n; i++) {
		const char *its =
			fdt_get_name(p->fdt, p->nodes[i].offset, NULL);

		if (p->nodes[i].parent == ROOT && its && strcmp(its, name) == 0)
			return i;
	}
	return NO_NODE;
}

/* A vendor's hypervisor names itself, or is there without a name. */
static char *read_hypervisor(const struct parser *p)
{
	size_t node = find_child(p, "hypervisor");
	HD_AUTOFREE char *name = NULL;

	if (node == NO_NODE)
		return strdup("");
	name = first_text(p, node, "compatible");
	if (name && !*name)
		return strdup("unknown");
	return hd_steal(&name);
}

static int read_root(struct parser *p)
{
	struct hd_devicetree *tree = p->tree;

	tree->nodes = p->n;
	tree->model = first_text(p, ROOT, "model");
	tree->compatible = first_text(p, ROOT, "compatible");
	tree->hypervisor = read_hypervisor(p);
	for (size_t i = 0;
	     i < sizeof(incoherent_socs) / sizeof(*incoherent_socs); i++)
		if (says(p, ROOT, "compatible", incoherent_socs[i], NULL))
			tree->incoherent_soc = incoherent_socs[i];
	return tree->model && tree->compatible && tree->hypervisor ? 0 :
								     -ENOMEM;
}

static int compare_hosts(const void *one, const void *other)
{
	const struct hd_pci_host *a = one, *b = other;

	return strcmp(a->path, b->path);
}

static int compare_inventions(const void *one, const void *other)
{
	const struct hd_invention *a = one, *b = other;
	int order = strcmp(a->path, b->path);

	return order ? order : strcmp(a->name, b->name);
}

static int compare_reserved(const void *one, const void *other)
{
	const struct hd_reserved_node *a = one, *b = other;
	int order = strcmp(a->path, b->path);

	if (order == 0)
		order = strcmp(a->device, b->device);
	if (order == 0)
		order = a->start < b->start ? -1 : a->start > b->start;
	return order;
}

static void sort(void *items, size_t n, size_t size,
		 int (*compare)(const void *one, const void *other))
{
	if (n)
		qsort(items, n, size, compare);
}

/* Folders have no order of their own: what is said mustn't hang on it. */
static int visit_all(struct parser *p)
{
	struct hd_devicetree *tree = p->tree;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++)
		r = visit(p, i);
	if (r < 0)
		return r;
	sort(tree->hosts, tree->n_hosts, sizeof(*tree->hosts), compare_hosts);
	sort(tree->inventions, tree->n_inventions, sizeof(*tree->inventions),
	     compare_inventions);
	for (size_t i = 0; r == 0 && i < p->n; i++)
		r = read_reserved(p, i);
	if (r == 0)
		sort(tree->reserved, tree->n_reserved, sizeof(*tree->reserved),
		     compare_reserved);
	return r;
}

static void clear_parser(struct parser *p)
{
	free(p->nodes);
	free(p->phandles);
}

int hd_devicetree_parse(const struct hd_flat_tree *flat,
			struct hd_devicetree *ret)
{
	HD_AUTO_DEVICETREE struct hd_devicetree tree = { .there = true };
	HD_AUTO(clear_parser)
	struct parser p = { .fdt = flat->data, .tree = &tree };
	int r = list_nodes(&p);

	if (r == 0)
		r = read_root(&p);
	if (r == 0)
		r = visit_all(&p);
	if (r < 0)
		return r;
	*ret = tree;
	memset(&tree, 0, sizeof(tree));
	return 0;
}

void hd_devicetree_read(const struct hd_host *host, struct hd_devicetree *ret)
{
	HD_AUTO_FLAT_TREE struct hd_flat_tree flat = { NULL };
	struct hd_seen seen = hd_flat_tree_of_host(host, &flat);
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	if (seen.is == HD_PRESENT)
		r = hd_devicetree_parse(&flat, ret);
	ret->error = r < 0 ? r : seen.error;
	ret->there = seen.is != HD_ABSENT;
}

static void clear_map(struct hd_map *map)
{
	free(map->entries);
	hd_id_ranges_clear(&map->ids);
}

static void clear_host(struct hd_pci_host *host)
{
	free(host->path);
	free(host->compatible);
	free(host->off);
	clear_map(&host->iommu);
	clear_map(&host->msi);
}

void hd_devicetree_clear(struct hd_devicetree *tree)
{
	for (size_t i = 0; i < tree->n_units; i++) {
		free(tree->units[i].path);
		free(tree->units[i].compatible);
		free(tree->units[i].off);
	}
	for (size_t i = 0; i < tree->n_hosts; i++)
		clear_host(&tree->hosts[i]);
	for (size_t i = 0; i < tree->n_reserved; i++) {
		free(tree->reserved[i].path);
		free(tree->reserved[i].device);
	}
	for (size_t i = 0; i < tree->n_inventions; i++)
		free(tree->inventions[i].path);
	free(tree->units);
	free(tree->hosts);
	free(tree->reserved);
	free(tree->inventions);
	free(tree->model);
	free(tree->compatible);
	free(tree->hypervisor);
	memset(tree, 0, sizeof(*tree));
}
