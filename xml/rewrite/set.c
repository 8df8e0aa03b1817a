// SPDX-License-Identifier: GPL-2.0-or-later
/* Setting what stands beside the address of a device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/stream.h"
#include "xml/doc/doc.h"
#include "xml/domain/place.h"
#include "xml/rewrite/rewriting.h"

/* What is being set, and where. */
struct job {
	struct hd_rewriting *rw;
	const struct hd_place *place;
	/* The value for each key; NULL: it stays as it is. */
	const char *values[16];
};

/* The order of the children in what libvirt writes (virDomainHostdevDefFormat()
 * and virDomainDeviceInfoFormat()). */
static int rank_of_name(const char *name)
{
	static const char *const names[] = { "driver", "source", NULL,
					     "boot",   "alias",	 "rom",
					     "acpi",   "address" };

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return i;
	return 2; /* what else there is stands before those of all devices */
}

static int rank_of(const xmlNode *node)
{
	return rank_of_name(node->ns ? "" : (const char *)node->name);
}

static bool is_key_of(const struct hd_key *key, const xmlNode *node)
{
	return key->element && hd_node_is(node, key->element);
}

/* Whether nothing stays of a child but its name. */
static bool loses_all(const struct job *job, const xmlNode *node)
{
	size_t there = 0, lost = 0;

	if (hd_node_is(node, "address"))
		return false;
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			return false;
	for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
		there++;
	for (size_t i = 0; i < hd_key_count(); i++) {
		const struct hd_key *key = hd_key_at(i);

		if (!job->values[i] || !is_key_of(key, node))
			continue;
		if (*job->values[i])
			return false;
		lost += hd_node_attribute(node, key->attribute) != NULL;
	}
	return there > 0 && there == lost;
}

/* The last child that a new one of @rank comes after, and that stays. */
static const xmlNode *find_before(const struct job *job, int rank)
{
	const xmlNode *last = NULL;

	for (const xmlNode *node = job->place->node->children; node;
	     node = node->next)
		if (node->type == XML_ELEMENT_NODE && rank_of(node) < rank &&
		    !loses_all(job, node))
			last = node;
	return last;
}

static int insert(const struct job *job, const char *name, const char *xml)
{
	struct hd_rewriting *rw = job->rw;
	const xmlNode *before = find_before(job, rank_of_name(name));

	return before ? hd_edit_insert_after(&rw->edits, rw->text, before, xml,
					     rw->err) :
			hd_edit_insert_first(&rw->edits, rw->text,
					     job->place->node, xml, rw->err);
}

/* A new child with what is to be set of it, if it is anything. */
static int add_child(const struct job *job, const char *name)
{
	HD_AUTOFREE char *xml = NULL;
	size_t size, n = 0;
	bool failed = false;
	FILE *file = hd_stream_open(&xml, &size);

	if (!file)
		return hd_err_nomem(job->rw->err);
	fprintf(file, "<%s%s", name,
		strcmp(name, "address") == 0 ? " type='pci'" : "");
	for (size_t i = 0; i < hd_key_count(); i++) {
		const struct hd_key *key = hd_key_at(i);
		HD_AUTOFREE char *value = NULL;

		if (!job->values[i] || !*job->values[i] || !key->element ||
		    strcmp(key->element, name) != 0)
			continue;
		value = hd_xml_escape(job->values[i]);
		failed |= !value;
		if (value)
			fprintf(file, " %s='%s'", key->attribute, value);
		n++;
	}
	fputs("/>", file);
	if (fclose(file) != 0 || failed)
		return hd_err_nomem(job->rw->err);
	return n ? insert(job, name, xml) : 0;
}

static int set_attribute(const struct job *job, const xmlNode *node,
			 const char *name, const char *value)
{
	struct hd_rewriting *rw = job->rw;
	const char *text = hd_node_attribute(node, name);

	if (!*value)
		return hd_edit_remove_attribute(&rw->edits, rw->text, node,
						name, rw->err);
	if (text && strcmp(text, value) == 0)
		return 0;
	return hd_edit_attribute(&rw->edits, rw->text, node, name, value,
				 rw->err);
}

static int edit_child(const struct job *job, const xmlNode *node)
{
	int r = 0;

	if (loses_all(job, node))
		return hd_edit_remove(&job->rw->edits, job->rw->text, node,
				      job->rw->err);
	for (size_t i = 0; r == 0 && i < hd_key_count(); i++) {
		const struct hd_key *key = hd_key_at(i);

		if (!job->values[i] || !is_key_of(key, node))
			continue;
		r = set_attribute(job, node, key->attribute, job->values[i]);
	}
	return r;
}

/* Should there be two of them, libvirt alone knows which one counts. */
static int set_child(const struct job *job, const char *name)
{
	const xmlNode *node = hd_node_child(job->place->node, name);
	int r = 0;

	if (!node)
		return add_child(job, name);
	for (; r == 0 && node; node = node->next)
		if (hd_node_is(node, name))
			r = edit_child(job, node);
	return r;
}

/* Whether the guest's address is one on a PCI bus, or none yet. */
static bool is_on_pci(const struct hd_place *place)
{
	const xmlNode *address = hd_node_child(place->node, "address");
	const char *type = address ? hd_node_attribute(address, "type") : NULL;

	return !type || strcmp(type, "pci") == 0;
}

/* A backing store has nothing that is its own. */
static bool has_key(const struct hd_place *place, const struct hd_key *key)
{
	if (!hd_node_is(place->node, hd_source_name(place->source)))
		return !key->element;
	if (key->element && strcmp(key->element, "address") == 0 &&
	    !is_on_pci(place))
		return false;
	return key->sources & 1u << place->source;
}

static int read_values(struct job *job, struct hd_addr addr,
		       const struct hd_rewrite *what)
{
	const struct hd_place *place = job->place;

	for (size_t i = 0; i < what->n_settings; i++) {
		const struct hd_setting *setting = &what->settings[i];
		const struct hd_key *key = setting->key;

		if (setting->every ? place->source != HD_SOURCE_HOSTDEV :
				     !hd_addr_equal(setting->addr, addr))
			continue;
		if (!has_key(place, key) && setting->every)
			continue;
		if (!has_key(place, key))
			return hd_err_set(
				job->rw->err, EINVAL,
				"line %u of the XML: %s asks for %s, and has no %s",
				hd_node_line(place->node), place->node->name,
				hd_addr_text(addr).s, key->name);
		job->values[key - hd_key_at(0)] = setting->value;
	}
	return 0;
}

/* What libvirt takes for granted where it isn't said. */
static int set_defaults(struct job *job)
{
	const xmlNode *node = job->place->node;
	const char *mode = hd_node_attribute(node, "mode");
	const char *managed = hd_node_attribute(node, "managed");

	if (job->place->source != HD_SOURCE_HOSTDEV)
		return 0;
	if (!managed && !job->values[0])
		job->values[0] = "no";
	if (mode)
		return 0;
	return hd_edit_attribute_before(
		&job->rw->edits, job->rw->text, node,
		&(struct hd_attribute){ "mode", "subsystem", "type" },
		job->rw->err);
}

int hd_rewriting_set(struct hd_rewriting *rw, const struct hd_place *place,
		     struct hd_addr addr, const struct hd_rewrite *what)
{
	struct job job = { .rw = rw, .place = place };
	const char *done = NULL;
	int r = read_values(&job, addr, what);

	if (r == 0 && what->tidy)
		r = set_defaults(&job);
	for (size_t i = 0; r == 0 && i < hd_key_count(); i++) {
		const struct hd_key *key = hd_key_at(i);

		if (!job.values[i])
			continue;
		if (!key->element)
			r = set_attribute(&job, place->managed, key->attribute,
					  job.values[i]);
		else if (!done || strcmp(done, key->element) != 0)
			r = set_child(&job, done = key->element);
	}
	return r;
}
