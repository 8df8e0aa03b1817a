// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/libvirt/connection.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/dl.h"
#include "lib/base/print.h"
#include "lib/base/text.h"

#define SONAME "libvirt.so.0"

HD_DL_NOTE("libvirt", "Domains that libvirt knows", "recommended", SONAME);

/* What is used of libvirt, see dl.h. */
#define FUNCTIONS(F)                                                           \
	F(virConnectClose)                                                     \
	F(virConnectGetLibVersion)                                             \
	F(virConnectGetURI)                                                    \
	F(virConnectListAllDomains)                                            \
	F(virConnectListAllNodeDevices)                                        \
	F(virConnectOpen)                                                      \
	F(virConnectOpenReadOnly)                                              \
	F(virDomainAttachDeviceFlags)                                          \
	F(virDomainDefineXMLFlags)                                             \
	F(virDomainDetachDeviceFlags)                                          \
	F(virDomainFree)                                                       \
	F(virDomainGetAutostart)                                               \
	F(virDomainGetName)                                                    \
	F(virDomainGetUUIDString)                                              \
	F(virDomainGetXMLDesc)                                                 \
	F(virDomainIsActive)                                                   \
	F(virDomainIsPersistent)                                               \
	F(virDomainLookupByName)                                               \
	F(virDomainLookupByUUIDString)                                         \
	F(virGetLastErrorCode)                                                 \
	F(virGetLastErrorMessage)                                              \
	F(virGetVersion)                                                       \
	F(virNodeDeviceFree)                                                   \
	F(virNodeDeviceGetName)                                                \
	F(virNodeDeviceGetXMLDesc)                                             \
	F(virSetErrorFunc)

struct vir_api {
	FUNCTIONS(HD_DL_MEMBER)
};

#define HD_DL_TABLE struct vir_api

static const struct hd_dl_symbol symbols[] = { FUNCTIONS(HD_DL_SYMBOL) };

struct hd_connection {
	struct vir_api api;
	virConnect *vir;
};

/* A domain of a connection. */
struct guest {
	const struct vir_api *api;
	virDomain *vir; /* NULL: none yet */
};

static int load(struct vir_api *api)
{
	return hd_dl_load(SONAME, symbols, sizeof(symbols) / sizeof(symbols[0]),
			  api);
}

/* libvirt prints errors to stderr unless it is given something else to do. */
static void ignore_error(void *data, virError *error)
{
	(void)data, (void)error;
}

static int fail_to_load(struct hd_err *err)
{
	hd_err_set(err, ELIBACC,
		   "libvirt's own library, " SONAME ", isn't installed here");
	hd_err_fix(
		err,
		"Install it (libvirt0 or libvirt-libs), or name a file with the domain's XML instead");
	return -ELIBACC;
}

static int fail_to_reach(const struct hd_connection *connection,
			 const char *uri, struct hd_err *err)
{
	HD_AUTOFREE char *quoted = hd_quote(uri ? uri : "");

	hd_err_set(err, ENOTCONN, "cannot reach libvirt%s%s: %s",
		   uri ? " at " : "", uri ? uri : "",
		   connection->api.virGetLastErrorMessage());
	if (uri && quoted)
		hd_err_fix(err, "See whether virsh can: virsh -c %s list",
			   quoted);
	else if (!uri)
		hd_err_fix(
			err,
			"systemctl start virtqemud.socket, or libvirtd where that runs guests");
	return -ENOTCONN;
}

int hd_connection_open(const char *uri, enum hd_access access,
		       struct hd_connection **ret, struct hd_err *err)
{
	HD_AUTO(hd_connection_close)
	struct hd_connection *connection = calloc(1, sizeof(*connection));
	const struct vir_api *api;

	if (!connection)
		return hd_err_nomem(err);
	if (load(&connection->api) < 0)
		return fail_to_load(err);
	api = &connection->api;
	api->virSetErrorFunc(NULL, ignore_error);
	connection->vir = access == HD_READ_ONLY ?
				  api->virConnectOpenReadOnly(uri) :
				  api->virConnectOpen(uri);
	if (!connection->vir)
		return fail_to_reach(connection, uri, err);
	*ret = hd_steal(&connection);
	return 0;
}

void hd_connection_close(struct hd_connection **connection)
{
	if (*connection && (*connection)->vir)
		(*connection)->api.virConnectClose((*connection)->vir);
	free(*connection);
	*connection = NULL;
}

char *hd_connection_uri(struct hd_connection *connection)
{
	return connection->api.virConnectGetURI(connection->vir);
}

/* https://libvirt.org/uri.html: "qemu[+transport]://[server]/path[?options]" */
bool hd_uri_is_here(const char *uri, bool system)
{
	const char *path = strstr(uri, "://");
	size_t driver = path ? (size_t)(path - uri) : 0;

	if ((driver != strlen("qemu") || strncmp(uri, "qemu", driver) != 0) &&
	    (driver != strlen("qemu+unix") ||
	     strncmp(uri, "qemu+unix", driver) != 0))
		return false;
	path += strlen("://");
	if (hd_after(path, "/system"))
		path += strlen("/system");
	else if (!system && hd_after(path, "/session"))
		path += strlen("/session");
	else
		return false;
	return *path == '\0' || (*path == '?' && !strstr(path, "socket="));
}

bool hd_connection_is_here(struct hd_connection *connection, bool system)
{
	HD_AUTOFREE char *uri = hd_connection_uri(connection);

	return uri && hd_uri_is_here(uri, system);
}

static int fail(const struct vir_api *api, const char *what, const char *name,
		struct hd_err *err)
{
	return hd_err_set(err, EIO, "libvirt %s '%s': %s", what, name,
			  api->virGetLastErrorMessage());
}

unsigned long hd_connection_library_version(void)
{
	unsigned long version = LIBVIR_VERSION_NUMBER;
	struct vir_api api;

	if (load(&api) == 0)
		api.virGetVersion(&version, NULL, NULL);
	return version;
}

int hd_connection_version(struct hd_connection *connection, unsigned long *ret,
			  struct hd_err *err)
{
	if (connection->api.virConnectGetLibVersion(connection->vir, ret) == 0)
		return 0;
	return hd_err_set(err, EIO, "libvirt doesn't tell its version: %s",
			  connection->api.virGetLastErrorMessage());
}

static void free_guest(struct guest *guest)
{
	if (guest->vir)
		guest->api->virDomainFree(guest->vir);
}

static int look_up(const struct hd_connection *connection, const char *name,
		   struct guest *ret, struct hd_err *err)
{
	const struct vir_api *api = &connection->api;

	ret->api = api;
	ret->vir = api->virDomainLookupByName(connection->vir, name);
	if (!ret->vir)
		ret->vir =
			api->virDomainLookupByUUIDString(connection->vir, name);
	if (ret->vir)
		return 0;
	hd_err_set(err, ENOENT, "libvirt knows no domain '%s'", name);
	hd_err_fix(
		err,
		"virsh list --all shows them; a file in this folder is written ./%s",
		name);
	return -ENOENT;
}

static int read_info(const struct guest *guest, struct hd_guest_info *ret,
		     struct hd_err *err)
{
	const struct vir_api *api = guest->api;
	int autostart = 0;

	ret->name = strdup(api->virDomainGetName(guest->vir));
	if (!ret->name)
		return hd_err_nomem(err);
	if (api->virDomainGetUUIDString(guest->vir, ret->uuid) < 0)
		return fail(api, "doesn't tell the UUID of", ret->name, err);
	ret->running = api->virDomainIsActive(guest->vir) == 1;
	ret->persistent = api->virDomainIsPersistent(guest->vir) == 1;
	/* What can't be started of itself has none, which is an error. */
	ret->autostart =
		api->virDomainGetAutostart(guest->vir, &autostart) == 0 &&
		autostart;
	return 0;
}

int hd_connection_find(struct hd_connection *connection, const char *name,
		       struct hd_guest_info *ret, struct hd_err *err)
{
	HD_AUTO(free_guest) struct guest guest = { NULL, NULL };
	struct hd_guest_info info = { .name = NULL };
	int r = look_up(connection, name, &guest, err);

	if (r == 0)
		r = read_info(&guest, &info, err);
	if (r < 0)
		hd_guest_info_clear(&info);
	else
		*ret = info;
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct hd_guest_info *first = a, *second = b;

	return strcmp(first->name, second->name);
}

int hd_connection_list(struct hd_connection *connection,
		       struct hd_guest_infos *ret, struct hd_err *err)
{
	HD_AUTO_GUEST_INFOS struct hd_guest_infos infos = { NULL, 0 };
	const struct vir_api *api = &connection->api;
	virDomain **domains = NULL;
	int n = api->virConnectListAllDomains(connection->vir, &domains, 0);
	int r = 0;

	if (n < 0)
		return hd_err_set(err, EIO, "libvirt doesn't list domains: %s",
				  api->virGetLastErrorMessage());
	infos.items = calloc((size_t)n + 1, sizeof(*infos.items));
	if (!infos.items)
		r = hd_err_nomem(err);
	for (int i = 0; i < n; i++) {
		HD_AUTO(free_guest) struct guest guest = { api, domains[i] };

		if (r == 0)
			r = read_info(&guest, &infos.items[infos.n++], err);
	}
	free(domains);
	if (r < 0)
		return r;
	qsort(infos.items, infos.n, sizeof(*infos.items), by_name);
	*ret = infos;
	infos = (struct hd_guest_infos){ NULL, 0 };
	return 0;
}

int hd_connection_xml(struct hd_connection *connection, const char *name,
		      enum hd_guest_xml which, char **ret, struct hd_err *err)
{
	static const unsigned flags[] = {
		[HD_XML_NOW] = 0,
		[HD_XML_NEXT] = VIR_DOMAIN_XML_INACTIVE,
		[HD_XML_WHOLE] =
			VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE,
	};
	HD_AUTO(free_guest) struct guest guest = { NULL, NULL };
	int r = look_up(connection, name, &guest, err);

	if (r < 0)
		return r;
	*ret = guest.api->virDomainGetXMLDesc(guest.vir, flags[which]);
	return *ret ? 0 : fail(guest.api, "doesn't give the XML of", name, err);
}

int hd_connection_define(struct hd_connection *connection, const char *name,
			 const char *text, struct hd_err *err)
{
	const struct vir_api *api = &connection->api;
	HD_AUTO(free_guest)
	struct guest guest = { api, api->virDomainDefineXMLFlags(
					    connection->vir, text,
					    VIR_DOMAIN_DEFINE_VALIDATE) };

	return guest.vir ? 0 :
			   fail(api, "doesn't take the new definition of", name,
				err);
}

static unsigned affects(enum hd_reach reach)
{
	return reach == HD_REACH_LIVE ? VIR_DOMAIN_AFFECT_LIVE :
					VIR_DOMAIN_AFFECT_CONFIG;
}

typedef int device_call(virDomain *domain, const char *xml, unsigned flags);

/* Has libvirt change a guest or its definition; the texts say that it doesn't.
 */
static int change_device(struct hd_connection *connection, const char *name,
			 const char *xml, enum hd_reach reach,
			 device_call *call, const char *live_text,
			 const char *config_text, struct hd_err *err)
{
	HD_AUTO(free_guest) struct guest guest = { NULL, NULL };
	int r = look_up(connection, name, &guest, err);

	if (r < 0 || call(guest.vir, xml, affects(reach)) == 0)
		return r;
	return fail(guest.api, reach == HD_REACH_LIVE ? live_text : config_text,
		    name, err);
}

int hd_connection_attach(struct hd_connection *connection, const char *name,
			 const char *xml, enum hd_reach reach,
			 struct hd_err *err)
{
	return change_device(connection, name, xml, reach,
			     connection->api.virDomainAttachDeviceFlags,
			     "doesn't give the device to guest",
			     "doesn't put the device into the definition of",
			     err);
}

int hd_connection_detach(struct hd_connection *connection, const char *name,
			 const char *xml, enum hd_reach reach,
			 struct hd_err *err)
{
	return change_device(connection, name, xml, reach,
			     connection->api.virDomainDetachDeviceFlags,
			     "doesn't take the device from guest",
			     "doesn't take the device out of the definition of",
			     err);
}

static int visit_device(const struct vir_api *api, virNodeDevice *device,
			int (*visit)(void *data, const char *xml,
				     struct hd_err *err),
			void *data, struct hd_err *err)
{
	HD_AUTOFREE char *xml = api->virNodeDeviceGetXMLDesc(device, 0);

	if (xml)
		return visit(data, xml, err);
	/* It went away since it was listed. */
	if (api->virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE)
		return 0;
	return fail(api, "doesn't describe the device",
		    api->virNodeDeviceGetName(device), err);
}

int hd_connection_visit_pci(struct hd_connection *connection,
			    int (*visit)(void *data, const char *xml,
					 struct hd_err *err),
			    void *data, struct hd_err *err)
{
	const struct vir_api *api = &connection->api;
	virNodeDevice **devices = NULL;
	int n = api->virConnectListAllNodeDevices(
		connection->vir, &devices,
		VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV);
	int r = 0;

	if (n < 0)
		return hd_err_set(err, EIO,
				  "libvirt doesn't list PCI devices: %s",
				  api->virGetLastErrorMessage());
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = visit_device(api, devices[i], visit, data, err);
		api->virNodeDeviceFree(devices[i]);
	}
	free(devices);
	return r;
}

void hd_guest_info_clear(struct hd_guest_info *info)
{
	free(info->name);
	info->name = NULL;
}

void hd_guest_infos_clear(struct hd_guest_infos *infos)
{
	for (size_t i = 0; i < infos->n; i++)
		hd_guest_info_clear(&infos->items[i]);
	free(infos->items);
	*infos = (struct hd_guest_infos){ NULL, 0 };
}
