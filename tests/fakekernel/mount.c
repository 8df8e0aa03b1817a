// SPDX-License-Identifier: GPL-2.0-or-later
#define FUSE_USE_VERSION 35
#include "tests/fakekernel/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fakekernel/call.h"
#include "tests/fakekernel/control.h"

#define PAGE 4096

/* What stays for ever need not be asked for again. */
#define FOR_EVER 86400.0

static struct fk_kernel *kernel_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* The inode's number is the address of its node, which the mount then holds. */
static struct fk_node *inode_of(fuse_req_t req, fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? kernel_of(req)->root :
				     (struct fk_node *)(uintptr_t)ino;
}

static struct fk_node *node_of(fuse_req_t req, fuse_ino_t ino)
{
	struct fk_node *node = inode_of(req, ino);

	return node->kind == FK_FILE && node->target ? node->target : node;
}

static mode_t mode_of(const struct fk_node *node)
{
	switch (node->kind) {
	case FK_DIR:
		return S_IFDIR | 0755;
	case FK_LINK:
		return S_IFLNK | 0777;
	default:
		return S_IFREG | (node->attr ? node->attr->mode : 0444);
	}
}

static struct stat stat_of(const struct fk_node *node)
{
	return (struct stat){
		.st_ino = node->number ? node->number : (ino_t)(uintptr_t)node,
		.st_mode = mode_of(node),
		.st_nlink = 1,
		.st_size = node->kind == FK_FILE ? PAGE : 0,
		.st_uid = geteuid(),
		.st_gid = getegid(),
	};
}

/*
 * FUSE lets one writer into an inode at a time, sysfs lets in all: so whoever
 * looks up a file that can be written gets an inode of his own.
 */
static struct fuse_entry_param entry_of(struct fk_node *node)
{
	bool shared = !(node->attr && node->attr->store);
	double timeout = node->fixed && shared ? FOR_EVER : 0;
	struct fk_node *inode = shared ? fk_get(node) : fk_alias(node);

	return (struct fuse_entry_param){
		.ino = (fuse_ino_t)(uintptr_t)inode,
		.attr = stat_of(node),
		.entry_timeout = timeout,
		.attr_timeout = timeout,
	};
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fk_node *node = fk_find(node_of(req, parent), name);
	struct fuse_entry_param entry;

	if (!node) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	entry = entry_of(node);
	fuse_reply_entry(req, &entry);
}

static void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	if (ino != FUSE_ROOT_ID)
		fk_put(inode_of(req, ino), n);
	fuse_reply_none(req);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *file)
{
	struct fk_node *node = node_of(req, ino);
	struct stat st = stat_of(node);

	(void)file;
	fuse_reply_attr(req, &st, node->fixed ? FOR_EVER : 0);
}

/* O_TRUNC, which every shell's ">" has, means nothing to sysfs. */
static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st,
		       int to_set, struct fuse_file_info *file)
{
	(void)st, (void)to_set;
	on_getattr(req, ino, file);
}

static void on_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char *text = fk_link_text(node_of(req, ino));

	fuse_reply_readlink(req, text);
	free(text);
}

struct listing {
	char *data;
	size_t size;
};

static void add_entry(fuse_req_t req, struct listing *list, const char *name,
		      const struct fk_node *node)
{
	size_t old = list->size;
	struct stat st = stat_of(node);

	list->size += fuse_add_direntry(req, NULL, 0, name, NULL, 0);
	list->data = realloc(list->data, list->size);
	if (!list->data)
		abort();
	fuse_add_direntry(req, list->data + old, list->size - old, name, &st,
			  (off_t)list->size);
}

static void on_opendir(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *file)
{
	const struct fk_node *dir = node_of(req, ino), *node;
	struct listing *list = fk_zalloc(sizeof(*list));

	add_entry(req, list, ".", dir);
	add_entry(req, list, "..", dir->parent ? dir->parent : dir);
	for (node = dir->children; node; node = node->next)
		add_entry(req, list, node->name, node);
	file->fh = (uint64_t)(uintptr_t)list;
	fuse_reply_open(req, file);
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size,
		       off_t offset, struct fuse_file_info *file)
{
	const struct listing *list = (struct listing *)(uintptr_t)file->fh;
	size_t start =
		(size_t)offset < list->size ? (size_t)offset : list->size;

	(void)ino;
	if (size > list->size - start)
		size = list->size - start;
	fuse_reply_buf(req, list->data + start, size);
}

static void on_releasedir(fuse_req_t req, fuse_ino_t ino,
			  struct fuse_file_info *file)
{
	struct listing *list = (struct listing *)(uintptr_t)file->fh;

	(void)ino;
	free(list->data);
	free(list);
	fuse_reply_err(req, 0);
}

/* kernfs_fop_open() */
static int check_access(const struct fk_node *node, int flags)
{
	int mode = flags & O_ACCMODE;

	if (node->gone)
		return ENODEV;
	if (mode != O_RDONLY && !(node->attr && node->attr->store))
		return EACCES;
	if (mode != O_WRONLY && node->attr && !node->attr->show)
		return EACCES;
	return 0;
}

/* A group of /dev/vfio; its number is kept, with 1 added. */
static int open_group(struct fk_kernel *k, const struct fk_node *node,
		      struct fuse_file_info *file)
{
	const struct fk_group *group = node->owner;
	int r = fk_group_open(k, group->number);

	if (r == 0)
		file->fh = (uint64_t)group->number + 1;
	return -r;
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	struct fk_node *node = node_of(req, ino);
	int error = check_access(node, file->flags);

	file->direct_io = 1;
	if (node->attr == &fk_attr_group && !node->gone)
		error = open_group(kernel_of(req), node, file);
	if (error)
		fuse_reply_err(req, error);
	else
		fuse_reply_open(req, file);
}

static void on_release(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *file)
{
	(void)ino;
	if (file->fh)
		fk_group_close(kernel_of(req), (int)file->fh - 1);
	fuse_reply_err(req, 0);
}

static void reply_content(struct fk_kernel *k, const struct fk_call *call)
{
	const struct fk_node *node = call->node;
	size_t start = (size_t)call->offset, length, size = call->size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	if (node->attr)
		node->attr->show(k, node->owner, out);
	else
		fputs(node->text, out);
	fclose(out);
	if (start > length)
		start = length;
	if (size > length - start)
		size = length - start;
	fuse_reply_buf(call->request, text + start, size);
	free(text);
}

static void reply(struct fk_call *call, int result)
{
	fuse_req_t req = call->request;

	if (result < 0)
		fuse_reply_err(req, -result);
	else if (call->text)
		fuse_reply_write(req, call->size);
	else
		reply_content(kernel_of(req), call);
}

/* May come from within libfuse, so it leaves the answer to the main loop. */
static void on_interrupt(fuse_req_t req, void *data)
{
	struct fk_call *call = data;

	(void)req;
	call->interrupted = true;
}

static void start_call(fuse_req_t req, struct fk_call *call)
{
	call->request = req;
	call->pid = fuse_req_ctx(req)->pid;
	fuse_req_interrupt_func(req, on_interrupt, call);
	fk_call_start(kernel_of(req), call);
}

static int check_rom(const struct fk_node *node, off_t offset)
{
	const struct fk_device *device = node->owner;

	return fk_rom_check(device->rom, (size_t)offset);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *file)
{
	struct fk_node *node = node_of(req, ino);
	struct fk_call *call, now = {
		.request = req, .node = node, .size = size, .offset = offset
	};

	(void)file;
	if (node->gone) {
		fuse_reply_err(req, ENODEV);
	} else if (node->attr == &fk_attr_rom && check_rom(node, offset) < 0) {
		fuse_reply_err(req, -check_rom(node, offset));
	} else if (!node->attr || !node->attr->locks) {
		reply_content(kernel_of(req), &now);
	} else {
		call = fk_zalloc(sizeof(*call));
		*call = now;
		start_call(req, call);
	}
}

static void write_control(fuse_req_t req, const struct fk_node *node,
			  const char *text, size_t size)
{
	int r = node->attr->store(kernel_of(req), node->owner, text);

	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_write(req, size);
}

static void on_write(fuse_req_t req, fuse_ino_t ino, const char *data,
		     size_t size, off_t offset, struct fuse_file_info *file)
{
	struct fk_node *node = node_of(req, ino);
	struct fk_call *call;
	char *text;

	(void)offset, (void)file;
	if (!node->attr || !node->attr->store) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	if (size > PAGE) /* sysfs takes a page at a time */
		size = PAGE;
	text = fk_zalloc(size + 1);
	memcpy(text, data, size);
	if (node->parent == kernel_of(req)->root) {
		write_control(req, node, text, size);
		free(text);
		return;
	}
	call = fk_zalloc(sizeof(*call));
	call->node = node;
	call->text = text;
	call->size = size;
	start_call(req, call);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = on_lookup,
	.forget = on_forget,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.readlink = on_readlink,
	.opendir = on_opendir,
	.readdir = on_readdir,
	.releasedir = on_releasedir,
	.open = on_open,
	.release = on_release,
	.read = on_read,
	.write = on_write,
};

/* Whether to go on. */
static bool serve_request(struct fuse_session *session, struct fuse_buf *buffer)
{
	int r = fuse_session_receive_buf(session, buffer);

	if (r > 0)
		fuse_session_process_buf(session, buffer);
	return r > 0 || r == -EINTR || r == -EAGAIN;
}

static void serve(struct fk_kernel *k, struct fuse_session *session)
{
	struct fuse_buf buffer = { .mem = NULL };
	struct pollfd fds[] = {
		{ .fd = fuse_session_fd(session), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	while (!fuse_session_exited(session)) {
		if (poll(fds, 2, fk_calls_timeout(k)) < 0 && errno != EINTR)
			break;
		if (fds[0].revents && !serve_request(session, &buffer))
			break;
		if (fds[1].revents && !fk_control_read(k, STDIN_FILENO))
			break;
		fk_calls_wake(k);
	}
	free(buffer.mem);
}

static int mount_and_serve(struct fk_kernel *k, struct fuse_session *session,
			   const char *path)
{
	if (fuse_session_mount(session, path) < 0)
		return -1;
	/*
	 * A request goes away when who made it is killed: what poll() saw may
	 * not be there any more.
	 */
	if (fcntl(fuse_session_fd(session), F_SETFL, O_NONBLOCK) < 0)
		return -1;
	fk_control_ready();
	serve(k, session);
	fk_calls_abandon(k);
	fuse_session_unmount(session);
	return 0;
}

int fk_mount_serve(struct fk_kernel *k, const char *path)
{
	char *argv[] = { (char *)"fakekernel",
			 (char *)"-ofsname=fakekernel,allow_other", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);
	struct fuse_session *session =
		fuse_session_new(&args, &operations, sizeof(operations), k);
	int r = -1;

	k->reply = reply;
	if (session && fuse_set_signal_handlers(session) == 0) {
		r = mount_and_serve(k, session, path);
		fuse_remove_signal_handlers(session);
	}
	if (session)
		fuse_session_destroy(session);
	fuse_opt_free_args(&args);
	return r;
}
