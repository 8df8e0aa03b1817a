/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FK_TREE_H
#define FK_TREE_H

/*
 * The tree of folders, files and links that is mounted, like the kernel's own
 * kernfs: it changes whenever the state does, and what was opened before a
 * node went away is told so (ENODEV).
 *
 * This is a test program: where memory runs out it aborts.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct fk_kernel;

/* A file whose content is made when it is read, and that may be written. */
struct fk_attr {
	const char *name;
	mode_t mode;
	/* Prints the content, which is owned by @owner. */
	void (*show)(struct fk_kernel *k, void *owner, FILE *out);
	/* Takes a write; 0, -errno, or FK_WAIT to be asked again later. */
	int (*store)(struct fk_kernel *k, void *owner, const char *text);
	bool locks; /* reading it takes the device's lock */
};

enum fk_kind { FK_DIR, FK_FILE, FK_LINK };

struct fk_node {
	struct fk_node *parent, *next, *children;
	struct fk_node *older,
		*younger; /* all nodes, also those that are gone */
	enum fk_kind kind;
	char *name;
	const struct fk_attr *attr; /* of a file with an owner */
	void *owner; /* valid until the node is gone */
	char *text; /* content of a constant file, or of a foreign link */
	struct fk_node *target; /* of a link within the tree, of an alias */
	bool fixed; /* stays for ever, so it may be cached */
	bool gone;
	uint64_t number; /* of its inode; 0: any */
	uint64_t refs; /* the tree's, children's, links', the mount's */
};

void *fk_zalloc(size_t size);
char *fk_strdup(const char *text);

struct fk_node *fk_dir(struct fk_node *parent, const char *name);
struct fk_node *fk_file(struct fk_node *parent, const struct fk_attr *attr,
			void *owner);
struct fk_node *fk_named_file(struct fk_node *parent, const char *name,
			      const struct fk_attr *attr, void *owner);
struct fk_node *fk_text(struct fk_node *parent, const char *name,
			const char *text);
struct fk_node *fk_link(struct fk_node *parent, const char *name,
			struct fk_node *target);
struct fk_node *fk_foreign_link(struct fk_node *parent, const char *name,
				const char *text);

/* The folder that @path ends in, made with all that is missing above it. */
struct fk_node *fk_folder_of(struct fk_node *top, const char *path,
			     const char **ret_name);

struct fk_node *fk_find(struct fk_node *dir, const char *name);

/* Takes the node and all below it out of the tree; NULL is allowed. */
void fk_remove(struct fk_node *node);

/* Removes everything below @dir that isn't fixed. */
void fk_prune(struct fk_node *dir);

/* Path below the top folder the node is in (sys); freed by the caller. */
char *fk_path(const struct fk_node *node);

/* What readlink(2) gives: relative to the link's folder, as in sysfs. */
char *fk_link_text(const struct fk_node *link);

/* Frees all nodes, whoever still holds them; the mount never forgets some. */
void fk_tree_free(struct fk_node *root);

/* Another node, outside of the tree, that stands for a file. */
struct fk_node *fk_alias(struct fk_node *file);

struct fk_node *fk_get(struct fk_node *node);
void fk_put(struct fk_node *node, uint64_t n);

#endif
