// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fakekernel/tree.h"

#include <stdlib.h>
#include <string.h>

void *fk_zalloc(size_t size)
{
	void *ptr = calloc(1, size);

	if (!ptr)
		abort();
	return ptr;
}

char *fk_strdup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

struct fk_node *fk_get(struct fk_node *node)
{
	node->refs++;
	return node;
}

static void free_node(struct fk_node *node)
{
	if (node->older)
		node->older->younger = node->younger;
	if (node->younger)
		node->younger->older = node->older;
	free(node->name);
	free(node->text);
	free(node);
}

void fk_put(struct fk_node *node, uint64_t n)
{
	while (node) {
		struct fk_node *parent = node->parent;

		node->refs -= n;
		if (node->refs > 0)
			return;
		if (node->target)
			fk_put(node->target, 1);
		free_node(node);
		node = parent;
		n = 1;
	}
}

void fk_tree_free(struct fk_node *root)
{
	while (root->younger)
		free_node(root->younger);
	free_node(root);
}

static void enlist(struct fk_node *node, struct fk_node *older)
{
	node->older = older;
	node->younger = older->younger;
	if (node->younger)
		node->younger->older = node;
	older->younger = node;
}

static struct fk_node *add(struct fk_node *parent, enum fk_kind kind,
			   const char *name)
{
	struct fk_node *node = fk_zalloc(sizeof(*node));

	node->kind = kind;
	node->name = fk_strdup(name);
	node->refs = 1;
	if (!parent)
		return node;
	enlist(node, parent);
	node->parent = fk_get(parent);
	node->next = parent->children;
	parent->children = node;
	return node;
}

struct fk_node *fk_dir(struct fk_node *parent, const char *name)
{
	return add(parent, FK_DIR, name);
}

struct fk_node *fk_named_file(struct fk_node *parent, const char *name,
			      const struct fk_attr *attr, void *owner)
{
	struct fk_node *node = add(parent, FK_FILE, name);

	node->attr = attr;
	node->owner = owner;
	return node;
}

struct fk_node *fk_file(struct fk_node *parent, const struct fk_attr *attr,
			void *owner)
{
	return fk_named_file(parent, attr->name, attr, owner);
}

struct fk_node *fk_text(struct fk_node *parent, const char *name,
			const char *text)
{
	struct fk_node *node = add(parent, FK_FILE, name);

	node->text = fk_strdup(text);
	return node;
}

struct fk_node *fk_link(struct fk_node *parent, const char *name,
			struct fk_node *target)
{
	struct fk_node *node = add(parent, FK_LINK, name);

	node->target = fk_get(target);
	return node;
}

struct fk_node *fk_alias(struct fk_node *file)
{
	struct fk_node *node = add(NULL, FK_FILE, "");

	enlist(node, file);
	node->target = fk_get(file);
	return node;
}

struct fk_node *fk_foreign_link(struct fk_node *parent, const char *name,
				const char *text)
{
	struct fk_node *node = add(parent, FK_LINK, name);

	node->text = fk_strdup(text);
	return node;
}

struct fk_node *fk_folder_of(struct fk_node *top, const char *path,
			     const char **ret_name)
{
	const char *slash;

	while ((slash = strchr(path, '/'))) {
		char *name = strndup(path, (size_t)(slash - path));
		struct fk_node *dir;

		if (!name)
			abort();
		dir = fk_find(top, name);
		top = dir ? dir : fk_dir(top, name);
		free(name);
		path = slash + 1;
	}
	*ret_name = path;
	return top;
}

/* Who is found moves to the front: what is asked for is asked for again. */
struct fk_node *fk_find(struct fk_node *dir, const char *name)
{
	struct fk_node **slot = &dir->children, *node;

	while (*slot && strcmp((*slot)->name, name) != 0)
		slot = &(*slot)->next;
	node = *slot;
	if (!node)
		return NULL;
	*slot = node->next;
	node->next = dir->children;
	dir->children = node;
	return node;
}

static void unlink_node(struct fk_node *node)
{
	struct fk_node **slot = &node->parent->children;

	while (*slot != node)
		slot = &(*slot)->next;
	*slot = node->next;
	node->next = NULL;
}

void fk_remove(struct fk_node *node)
{
	if (!node || node->gone)
		return;
	while (node->children)
		fk_remove(node->children);
	node->gone = true;
	unlink_node(node);
	fk_put(node, 1);
}

void fk_prune(struct fk_node *dir)
{
	struct fk_node *node, *next;

	for (node = dir->children; node; node = next) {
		next = node->next;
		if (node->fixed)
			fk_prune(node);
		else
			fk_remove(node);
	}
}

/* The top folders are the children of the root. */
static bool is_top(const struct fk_node *node)
{
	return !node->parent || !node->parent->parent;
}

static void print_path(const struct fk_node *node, FILE *out)
{
	if (is_top(node))
		return;
	print_path(node->parent, out);
	fprintf(out, "%s%s", is_top(node->parent) ? "" : "/", node->name);
}

char *fk_path(const struct fk_node *node)
{
	char *path = NULL;
	size_t size;
	FILE *out = open_memstream(&path, &size);

	if (!out)
		abort();
	print_path(node, out);
	fclose(out);
	return path;
}

char *fk_link_text(const struct fk_node *link)
{
	const struct fk_node *up;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (link->text)
		return fk_strdup(link->text);
	out = open_memstream(&text, &size);
	if (!out)
		abort();
	for (up = link->parent; !is_top(up); up = up->parent)
		fputs("../", out);
	print_path(link->target, out);
	fclose(out);
	return text;
}
