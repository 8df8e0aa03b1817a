// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/connection.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

/* It is libvirt's own under another name; nothing is added to it. */
static virConnect *vir(struct hd_connection *connection)
{
	return (virConnect *)connection;
}

/* libvirt prints errors to stderr unless it is given something else to do. */
static void ignore_error(void *data, virError *error)
{
	(void)data, (void)error;
}

int hd_connection_open(const char *uri, enum hd_access access,
		       struct hd_connection **ret, struct hd_err *err)
{
	virConnect *connection;

	virSetErrorFunc(NULL, ignore_error);
	connection = access == HD_READ_ONLY ? virConnectOpenReadOnly(uri) :
					      virConnectOpen(uri);
	if (!connection) {
		hd_err_set(err, ENOTCONN, "cannot reach libvirt%s%s: %s",
			   uri ? " at " : "", uri ? uri : "",
			   virGetLastErrorMessage());
		if (uri)
			hd_err_fix(err,
				   "See whether virsh can: virsh -c '%s' list",
				   uri);
		else
			hd_err_fix(
				err,
				"systemctl start virtqemud.socket, or libvirtd where that runs guests");
		return -ENOTCONN;
	}
	*ret = (struct hd_connection *)connection;
	return 0;
}

void hd_connection_close(struct hd_connection **connection)
{
	if (*connection)
		virConnectClose(vir(*connection));
	*connection = NULL;
}

char *hd_connection_uri(struct hd_connection *connection)
{
	return virConnectGetURI(vir(connection));
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
	if (strncmp(path, "/system", strlen("/system")) == 0)
		path += strlen("/system");
	else if (!system && strncmp(path, "/session", strlen("/session")) == 0)
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

static int fail(const char *what, const char *name, struct hd_err *err)
{
	return hd_err_set(err, EIO, "libvirt %s '%s': %s", what, name,
			  virGetLastErrorMessage());
}

unsigned long hd_connection_library_version(void)
{
	unsigned long version = LIBVIR_VERSION_NUMBER;

	virGetVersion(&version, NULL, NULL);
	return version;
}

int hd_connection_version(struct hd_connection *connection, unsigned long *ret,
			  struct hd_err *err)
{
	if (virConnectGetLibVersion(vir(connection), ret) == 0)
		return 0;
	return hd_err_set(err, EIO, "libvirt doesn't tell its version: %s",
			  virGetLastErrorMessage());
}

static void free_domain(virDomain **domain)
{
	if (*domain)
		virDomainFree(*domain);
}

static int look_up(struct hd_connection *connection, const char *name,
		   virDomain **ret, struct hd_err *err)
{
	*ret = virDomainLookupByName(vir(connection), name);
	if (!*ret)
		*ret = virDomainLookupByUUIDString(vir(connection), name);
	if (*ret)
		return 0;
	hd_err_set(err, ENOENT, "libvirt knows no domain '%s'", name);
	hd_err_fix(
		err,
		"virsh list --all shows them; a file in this folder is written ./%s",
		name);
	return -ENOENT;
}

static int read_info(virDomain *domain, struct hd_guest_info *ret,
		     struct hd_err *err)
{
	int autostart = 0;

	ret->name = strdup(virDomainGetName(domain));
	if (!ret->name)
		return hd_err_nomem(err);
	if (virDomainGetUUIDString(domain, ret->uuid) < 0)
		return fail("doesn't tell the UUID of", ret->name, err);
	ret->running = virDomainIsActive(domain) == 1;
	ret->persistent = virDomainIsPersistent(domain) == 1;
	/* What can't be started of itself has none, which is an error. */
	ret->autostart =
		virDomainGetAutostart(domain, &autostart) == 0 && autostart;
	return 0;
}

int hd_connection_find(struct hd_connection *connection, const char *name,
		       struct hd_guest_info *ret, struct hd_err *err)
{
	HD_AUTO(free_domain) virDomain *domain = NULL;
	struct hd_guest_info info = { .name = NULL };
	int r = look_up(connection, name, &domain, err);

	if (r == 0)
		r = read_info(domain, &info, err);
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
	virDomain **domains = NULL;
	int n = virConnectListAllDomains(vir(connection), &domains, 0), r = 0;

	if (n < 0)
		return hd_err_set(err, EIO, "libvirt doesn't list domains: %s",
				  virGetLastErrorMessage());
	infos.items = calloc((size_t)n + 1, sizeof(*infos.items));
	if (!infos.items)
		r = hd_err_nomem(err);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = read_info(domains[i], &infos.items[infos.n++], err);
		virDomainFree(domains[i]);
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
	HD_AUTO(free_domain) virDomain *domain = NULL;
	int r = look_up(connection, name, &domain, err);

	if (r < 0)
		return r;
	*ret = virDomainGetXMLDesc(domain, flags[which]);
	return *ret ? 0 : fail("doesn't give the XML of", name, err);
}

int hd_connection_define(struct hd_connection *connection, const char *name,
			 const char *text, struct hd_err *err)
{
	HD_AUTO(free_domain)
	virDomain *domain = virDomainDefineXMLFlags(vir(connection), text,
						    VIR_DOMAIN_DEFINE_VALIDATE);

	return domain ? 0 :
			fail("doesn't take the new definition of", name, err);
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
	HD_AUTO(free_domain) virDomain *domain = NULL;
	int r = look_up(connection, name, &domain, err);

	if (r < 0 || call(domain, xml, affects(reach)) == 0)
		return r;
	return fail(reach == HD_REACH_LIVE ? live_text : config_text, name,
		    err);
}

int hd_connection_attach(struct hd_connection *connection, const char *name,
			 const char *xml, enum hd_reach reach,
			 struct hd_err *err)
{
	return change_device(
		connection, name, xml, reach, virDomainAttachDeviceFlags,
		"doesn't give the device to guest",
		"doesn't put the device into the definition of", err);
}

int hd_connection_detach(struct hd_connection *connection, const char *name,
			 const char *xml, enum hd_reach reach,
			 struct hd_err *err)
{
	return change_device(
		connection, name, xml, reach, virDomainDetachDeviceFlags,
		"doesn't take the device from guest",
		"doesn't take the device out of the definition of", err);
}

static int visit_device(virNodeDevice *device,
			int (*visit)(void *data, const char *xml,
				     struct hd_err *err),
			void *data, struct hd_err *err)
{
	HD_AUTOFREE char *xml = virNodeDeviceGetXMLDesc(device, 0);

	if (xml)
		return visit(data, xml, err);
	/* It went away since it was listed. */
	if (virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE)
		return 0;
	return fail("doesn't describe the device", virNodeDeviceGetName(device),
		    err);
}

int hd_connection_visit_pci(struct hd_connection *connection,
			    int (*visit)(void *data, const char *xml,
					 struct hd_err *err),
			    void *data, struct hd_err *err)
{
	virNodeDevice **devices = NULL;
	int n = virConnectListAllNodeDevices(
		vir(connection), &devices,
		VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV);
	int r = 0;

	if (n < 0)
		return hd_err_set(err, EIO,
				  "libvirt doesn't list PCI devices: %s",
				  virGetLastErrorMessage());
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = visit_device(devices[i], visit, data, err);
		virNodeDeviceFree(devices[i]);
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
