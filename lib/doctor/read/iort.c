// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/iort.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"

/* Arm DEN 0049: sizes, and where things are. */
#define HEADER_SIZE 48
#define NODE_SIZE 16
#define MAPPING_SIZE 20
#define RANGE_SIZE 20

#define MAPPING_SINGLE (UINT32_C(1) << 0)
#define CCA (UINT32_C(1) << 0)
#define SMMU_COHERENT_WALK (UINT32_C(1) << 1)
#define V3_COHACC (UINT32_C(1) << 0)
#define V3_DEVICE_ID_VALID (UINT32_C(1) << 4)

/* What a node of each type has at the least; others have no more than a head.
 */
static const size_t sizes[HD_IORT_TYPES] = {
	[HD_IORT_ITS] = 20,  [HD_IORT_NAMED] = 29,   [HD_IORT_ROOT] = 33,
	[HD_IORT_SMMU] = 40, [HD_IORT_SMMU_V3] = 60, [HD_IORT_PMCG] = 32,
	[HD_IORT_RMR] = 28,
};

static uint32_t get32(const void *data)
{
	uint32_t number;

	memcpy(&number, data, sizeof(number));
	return le32toh(number);
}

static uint64_t get64(const void *data)
{
	uint64_t number;

	memcpy(&number, data, sizeof(number));
	return le64toh(number);
}

static unsigned get16(const unsigned char *data)
{
	return data[0] | (unsigned)data[1] << 8;
}

/* What is being read. */
struct parser {
	struct hd_iort *iort;
	const unsigned char *table;
	size_t length;
	struct hd_err *err;
};

static int refuse(const struct parser *p, const char *why)
{
	return hd_err_set(p->err, EBADMSG, HD_IORT_PATH " %s", why);
}

static int refuse_node(const struct parser *p, const char *why)
{
	return hd_err_set(p->err, EBADMSG,
			  HD_IORT_PATH " isn't sound: its node %zu %s",
			  p->iort->n, why);
}

/* Whether @n elements lie in a node from @offset on. */
static bool fits(size_t length, uint32_t offset, uint32_t n, size_t size)
{
	return offset <= length && n <= (length - offset) / size;
}

/*
 * Which mapping is for the interrupts of an SMMUv3 itself: the revision of the
 * node says where that is told.
 */
static size_t find_own(const struct hd_iort_node *node,
		       const unsigned char *data, size_t length)
{
	unsigned revision = data[3];
	uint32_t index;

	if (node->type == HD_IORT_PMCG)
		return 0;
	if (node->type != HD_IORT_SMMU_V3 || revision < 1 || length < 68)
		return node->n_mappings;
	if (revision < 5 ? get32(data + 44) && get32(data + 48) &&
				   get32(data + 52) && get32(data + 56) :
			   !(get32(data + 24) & V3_DEVICE_ID_VALID))
		return node->n_mappings;
	index = get32(data + 64);
	return index < node->n_mappings ? index : node->n_mappings;
}

/* What stands behind the head that all nodes have. */
static void take(struct hd_iort_node *node, const unsigned char *data)
{
	switch (node->type) {
	case HD_IORT_NAMED:
		node->coherent = get32(data + 20) & CCA;
		break;
	case HD_IORT_ROOT:
		node->coherent = get32(data + 16) & CCA;
		node->ats = get32(data + 24) & 1;
		node->segment = get32(data + 28);
		break;
	case HD_IORT_SMMU:
		node->base = get64(data + 16);
		node->coherent = get32(data + 36) & SMMU_COHERENT_WALK;
		break;
	case HD_IORT_SMMU_V3:
		node->base = get64(data + 16);
		node->coherent = get32(data + 24) & V3_COHACC;
		break;
	default:
		break;
	}
}

static int parse_node(const struct parser *p, size_t at, size_t *ret_length)
{
	const unsigned char *data = p->table + at;
	struct hd_iort_node node = { .offset = (uint32_t)at }, *slot;
	size_t length;
	uint32_t n, offset;

	if (p->length - at < NODE_SIZE)
		return refuse_node(p, "begins behind the end of the table");
	length = get16(data + 1);
	node.type = data[0];
	if (length < NODE_SIZE ||
	    (node.type < HD_IORT_TYPES && length < sizes[node.type]))
		return refuse_node(p, "is shorter than one of its type");
	if (length > p->length - at)
		return refuse_node(p, "goes on behind the end of the table");
	n = get32(data + 8);
	offset = get32(data + 12);
	/* Linux takes those at offset 0 for none. */
	if (n && offset) {
		if (!fits(length, offset, n, MAPPING_SIZE))
			return refuse_node(p,
					   "has mappings that lie outside it");
		node.mappings = data + offset;
		node.n_mappings = n;
	}
	if (node.type == HD_IORT_RMR) {
		n = get32(data + 20);
		offset = get32(data + 24);
		if (n && !fits(length, offset, n, RANGE_SIZE))
			return refuse_node(p, "has ranges that lie outside it");
		node.ranges = n ? data + offset : NULL;
		node.n_ranges = n;
	}
	node.own = find_own(&node, data, length);
	take(&node, data);
	slot = hd_array_add(&p->iort->nodes, &p->iort->n, sizeof(node));
	if (!slot)
		return hd_err_nomem(p->err);
	*slot = node;
	*ret_length = length;
	return 0;
}

static int compare_offset(const void *key, const void *element)
{
	const uint32_t *offset = key;
	const struct hd_iort_node *node = element;

	return *offset < node->offset ? -1 : *offset > node->offset;
}

static const struct hd_iort_node *find_node(const struct hd_iort *iort,
					    uint32_t offset)
{
	return bsearch(&offset, iort->nodes, iort->n, sizeof(*iort->nodes),
		       compare_offset);
}

/* Whether every mapping leads to a node. */
static int check_targets(const struct parser *p)
{
	const struct hd_iort *iort = p->iort;

	for (size_t i = 0; i < iort->n; i++) {
		const struct hd_iort_node *node = &iort->nodes[i];

		for (size_t j = 0; j < node->n_mappings; j++) {
			uint32_t offset =
				get32(node->mappings + j * MAPPING_SIZE + 12);

			if (!find_node(iort, offset))
				return hd_err_set(
					p->err, EBADMSG,
					HD_IORT_PATH
					" isn't sound: its node %zu has a mapping that leads to %#x, where no node begins",
					i, (unsigned)offset);
		}
	}
	return 0;
}

static int parse_nodes(const struct parser *p)
{
	uint32_t n = get32(p->table + 36), at = get32(p->table + 40);
	size_t length = 0;
	int r = 0;

	if (at < HEADER_SIZE || at > p->length)
		return refuse(p, "isn't sound: its nodes begin outside it");
	for (size_t next = at; r == 0 && n > 0; n--, next += length)
		r = parse_node(p, next, &length);
	return r < 0 ? r : check_targets(p);
}

int hd_iort_parse(const char *data, size_t length, struct hd_iort *ret,
		  struct hd_err *err)
{
	HD_AUTO_IORT struct hd_iort iort = { .table = NULL };
	struct parser p = { &iort, NULL, length, err };
	unsigned char sum = 0;
	int r;

	if (length < HEADER_SIZE || memcmp(data, "IORT", 4) != 0)
		return refuse(&p, "is no such table");
	p.length = get32(data + 4);
	if (p.length < HEADER_SIZE || p.length > length)
		return refuse(&p, "is cut short");
	if (p.length > HD_IORT_LIMIT)
		return refuse(&p, "is larger than such a table may be");
	/* Of its own length, so that nothing behind it is taken for more. */
	iort.table = malloc(p.length);
	if (!iort.table)
		return hd_err_nomem(err);
	memcpy(iort.table, data, p.length);
	p.table = (const unsigned char *)iort.table;
	for (size_t i = 0; i < p.length; i++)
		sum = (unsigned char)(sum + p.table[i]);
	iort.checksum_wrong = sum != 0;
	r = parse_nodes(&p);
	if (r < 0)
		return r;
	*ret = iort;
	iort = (struct hd_iort){ .table = NULL };
	return 0;
}

struct hd_seen hd_iort_read(const struct hd_host *host, struct hd_iort *ret,
			    struct hd_err *err)
{
	HD_AUTOFREE char *data = NULL;
	size_t length;
	struct hd_seen seen =
		hd_host_read(host, HD_IORT_PATH, HD_IORT_LIMIT, &data, &length);

	if (seen.is == HD_UNKNOWN)
		hd_err_set(err, -seen.error, HD_IORT_PATH " can't be read: %s",
			   strerror(-seen.error));
	return seen.is == HD_PRESENT ?
		       hd_seen_of(hd_iort_parse(data, length, ret, err)) :
		       seen;
}

struct hd_iort_mapping hd_iort_mapping_of(const struct hd_iort *iort,
					  const struct hd_iort_node *node,
					  size_t i)
{
	const unsigned char *data = node->mappings + i * MAPPING_SIZE;
	uint32_t input = get32(data), more = get32(data + 4);

	return (struct hd_iort_mapping){
		.input = input,
		.last = more > UINT32_MAX - input ? UINT32_MAX : input + more,
		.output = get32(data + 8),
		.target = (size_t)(find_node(iort, get32(data + 12)) -
				   iort->nodes),
		.single = get32(data + 16) & MAPPING_SINGLE,
	};
}

struct hd_iort_range hd_iort_range_of(const struct hd_iort_node *node, size_t i)
{
	const unsigned char *data = node->ranges + i * RANGE_SIZE;

	return (struct hd_iort_range){ get64(data), get64(data + 8) };
}

size_t hd_iort_count(const struct hd_iort *iort, enum hd_iort_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < iort->n; i++)
		n += iort->nodes[i].type == type;
	return n;
}

/*
 * One step. Where two mappings have an ID, at the end of one and at the
 * beginning of a later one, it is the later one's: firmware takes the number of
 * IDs for the last of them. NULL when there is no step.
 */
static const struct hd_iort_node *
step(const struct hd_iort *iort, const struct hd_iort_node *node, uint32_t *id)
{
	const struct hd_iort_node *to = NULL;
	uint32_t in = *id;

	for (size_t i = 0; i < node->n_mappings; i++) {
		struct hd_iort_mapping m = hd_iort_mapping_of(iort, node, i);

		if (i == node->own)
			continue;
		if (m.single) {
			if (node->type != HD_IORT_ROOT &&
			    node->type != HD_IORT_NAMED)
				continue;
			*id = m.output;
			return &iort->nodes[m.target];
		}
		if (in < m.input || in > m.last || (to && in != m.input))
			continue;
		to = &iort->nodes[m.target];
		*id = m.output + (in - m.input);
		if (in != m.last || m.input == m.last)
			break;
	}
	return to;
}

static struct hd_iort_way follow_from(const struct hd_iort *iort,
				      const struct hd_iort_node *root,
				      uint32_t id)
{
	struct hd_iort_way way = { .reach = HD_IORT_NO_MAPPING, .root = root };
	const struct hd_iort_node *node = step(iort, root, &id);

	if (node)
		way.reach = HD_IORT_NO_SMMU;
	/* Each node is passed once, unless they lead in a circle. */
	for (size_t i = 0; node && i < iort->n; i++) {
		if (node->type == HD_IORT_ITS) {
			way.its = node;
			break;
		}
		if (!way.smmu && (node->type == HD_IORT_SMMU ||
				  node->type == HD_IORT_SMMU_V3)) {
			way.reach = HD_IORT_BEHIND_SMMU;
			way.smmu = node;
			way.stream = id;
		}
		node = step(iort, node, &id);
	}
	return way;
}

struct hd_iort_way hd_iort_follow(const struct hd_iort *iort, uint32_t segment,
				  uint32_t requester)
{
	struct hd_iort_way first = { .reach = HD_IORT_NO_ROOT };

	for (size_t i = 0; i < iort->n; i++) {
		const struct hd_iort_node *node = &iort->nodes[i];
		struct hd_iort_way way;

		if (node->type != HD_IORT_ROOT || node->segment != segment)
			continue;
		way = follow_from(iort, node, requester);
		if (first.reach == HD_IORT_NO_ROOT)
			first = way;
		else if (way.reach == HD_IORT_BEHIND_SMMU)
			first.by_later_root = true;
		if (first.reach == HD_IORT_BEHIND_SMMU)
			break;
	}
	return first;
}

uint32_t hd_iort_requester(struct hd_addr addr)
{
	return (uint32_t)addr.bus << 8 | (uint32_t)addr.slot << 3 |
	       addr.function;
}

struct hd_iort_way hd_iort_follow_device(const struct hd_iort *iort,
					 struct hd_addr addr)
{
	return hd_iort_follow(iort, addr.domain, hd_iort_requester(addr));
}

bool hd_iort_reserves(const struct hd_iort *iort,
		      const struct hd_iort_node *rmr,
		      const struct hd_iort_node *smmu, uint32_t stream)
{
	if (rmr->type != HD_IORT_RMR)
		return false;
	for (size_t i = 0; i < rmr->n_mappings; i++) {
		struct hd_iort_mapping m = hd_iort_mapping_of(iort, rmr, i);

		if (&iort->nodes[m.target] == smmu && stream >= m.output &&
		    stream - m.output <= m.last - m.input)
			return true;
	}
	return false;
}

void hd_iort_clear(struct hd_iort *iort)
{
	free(iort->table);
	free(iort->nodes);
	*iort = (struct hd_iort){ .table = NULL };
}
