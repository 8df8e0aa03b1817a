// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/device.h"
#include "xml/domain/domain.h"
#include "xml/lint/lint.h"

/* The host: a graphics card, an NIC near node 1, Intel's graphics. */
static const struct hd_lint_device devices[] = {
	{ { 0, 1, 0, 0 }, 0x030000, 0x10de, 0x1f06, HD_NO_NODE },
	{ { 0, 2, 0, 0 }, 0x020000, 0x8086, 0x10d3, 1 },
	{ { 0, 0, 2, 0 }, 0x030000, 0x8086, 0x1234, HD_NO_NODE },
};

/* ROMs of the graphics card, by name, and what can't be known. */
static int read_rom(void *data, const char *path, struct hd_rom *ret,
		    struct hd_err *err)
{
	static const struct {
		const char *path;
		int code;
		bool bios, efi;
		uint16_t device;
		bool bad; /* a sum that doesn't fit, another processor */
	} roms[] = {
		{ "/both", 0, true, true, 0x1f06, false },
		{ "/bios", 0, true, false, 0x1f06, false },
		{ "/efi", 0, false, true, 0x1f06, false },
		{ "/bad", 0, true, true, 0x1f06, true },
		{ "/other", 0, true, true, 0x1f07, false },
		{ "/missing", ENOENT, false, false, 0, false },
		{ "/empty", ENODATA, false, false, 0, false },
		{ "/text", EINVAL, false, false, 0, false },
		{ "/secret", EACCES, false, false, 0, false },
	};

	assert_ptr_equal(data, devices);
	for (size_t i = 0; i < N_ELEMENTS(roms); i++) {
		if (strcmp(roms[i].path, path) != 0)
			continue;
		if (roms[i].code)
			return hd_err_set(err, roms[i].code, "no");
		*ret = (struct hd_rom){ .vendor = 0x10de,
					.device = roms[i].device,
					.n_images = 2,
					.has_bios = roms[i].bios,
					.has_efi = roms[i].efi,
					.ids = { { 0x10de, roms[i].device } },
					.n_ids = 1 };
		if (roms[i].bios)
			ret->images[0] = (struct hd_rom_image){
				.kind = HD_ROM_BIOS,
				.vendor = 0x10de,
				.device = roms[i].device,
				.checksum_fits = !roms[i].bad,
			};
		if (roms[i].efi)
			ret->images[1] = (struct hd_rom_image){
				.kind = HD_ROM_EFI,
				.efi_header = true,
				.driver = true,
				.machine = roms[i].bad ? HD_ROM_AARCH64 :
							 HD_ROM_X64,
			};
		return 0;
	}
	fail_msg("%s is read", path);
	return -EINVAL;
}

static struct hd_seen read_cpus(void *data, struct hd_addr addr, char **ret)
{
	assert_ptr_equal(data, devices);
	if (addr.bus != 2)
		return hd_seen_absent();
	*ret = strdup("4-7,12");
	return hd_seen_present();
}

static const struct hd_lint_facts all_facts = { devices, N_ELEMENTS(devices),
						read_rom, read_cpus,
						(void *)devices };

#define QEMU "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"

/* A domain of which these parts stand on line 2 and line 3. */
static char *make_domain(const char *parts, const char *in_devices)
{
	return hd_text("<domain type='kvm' " QEMU "><name>g</name>\n%s"
		       "<devices>\n%s</devices></domain>",
		       parts, in_devices);
}

static void lint(const char *text, const struct hd_lint_facts *facts,
		 struct hd_findings *findings)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	if (hd_lint(text, strlen(text), facts, findings, &err) < 0)
		fail_msg("%s: %s", hd_err_message(&err), text);
}

/* The findings with this id. */
static size_t count(const struct hd_findings *findings, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += strcmp(findings->items[i].id, id) == 0;
	return n;
}

#define HOST(bus) "<source><address bus='" bus "'/></source>"
#define HOSTDEV(inside) "<hostdev type='pci'>" HOST("0x01") inside "</hostdev>"
#define NIC(inside) "<hostdev type='pci'>" HOST("0x02") inside "</hostdev>"
#define OS(attributes, machine, inside)                                        \
	"<os " attributes "><type arch='x86_64' machine='" machine             \
	"'>hvm</type>" inside "</os>"
#define PC OS("", "pc-i440fx-9.0", "")
#define Q35 OS("", "pc-q35-9.0", "")
#define EFI OS("firmware='efi'", "q35", "")
#define PFLASH OS("", "q35", "<loader type='pflash'>/x</loader>")
#define OURS(inside)                                                           \
	"<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'>" inside            \
	"</h:hostdev></metadata>"
#define NVME(bus, namespace)                                                     \
	"<disk type='nvme'><source namespace='" namespace "'><address bus='" bus \
							  "'/></source></disk>"
#define ARGS(a, b)                                                             \
	"<qemu:commandline><qemu:arg value='" a "'/><qemu:arg value='" b       \
	"'/></qemu:commandline>"
#define OVERRIDE(value)                                                        \
	"<qemu:override><qemu:device alias='hostdev0'><qemu:frontend>"         \
	"<qemu:property name='x-vga' type='bool' value='" value                \
	"'/></qemu:frontend></qemu:device></qemu:override>"
#define MEMORY(memory, limit)                                                  \
	"<memory unit='MiB'>" memory "</memory><memtune><hard_limit "          \
	"unit='MiB'>" limit "</hard_limit></memtune>"
#define GUEST(where) HOSTDEV("<address type='pci' " where "/>")
#define BUS(index, model)                                                      \
	"<controller type='pci' index='" index "' model='" model "'/>"
#define MEM(size, block)                                                       \
	"<memory model='virtio-mem'><target><size unit='GiB'>" size            \
	"</size><block unit='MiB'>" block "</block></target></memory>"
#define TEAM "<teaming type='transient' persistent='ua-a'/>"
#define VIRTIO(name, type)                                                     \
	"<interface type='network'><alias name='" name                         \
	"'/><teaming type='" type "'/></interface>"

/* A document that a rule finds something in, and one that it doesn't. */
static const struct row {
	const char *id;
	enum hd_severity severity;
	const char *parts, *devices, *words; /* of message and fix */
	const char *good_parts, *good_devices;
} rows[] = {
	{ "number-not-libvirt", HD_ERROR, "",
	  "<hostdev type='pci'>" HOST("e1") "</hostdev>", "Write bus='0xe1'",
	  "", "<hostdev type='pci'>" HOST("225") "</hostdev>" },
	{ "number-not-libvirt", HD_ERROR, "",
	  "<hostdev type='pci'>" HOST("08") "</hostdev>", "Write bus='0x08'",
	  "", "<hostdev type='pci'>" HOST("8") "</hostdev>" },
	{ "number-not-libvirt", HD_ERROR, "",
	  "<hostdev type='pci'>" HOST("0x100") "</hostdev>", "larger than 0xff",
	  "", "<hostdev type='usb'>" HOST("0x100") "</hostdev>" },
	{ "number-not-libvirt", HD_ERROR, "", GUEST("slot='1f'"),
	  "Write slot='0x1f'", "", HOSTDEV("<address slot='1f'/>") },
	{ "number-octal", HD_WARNING, "",
	  "<hostdev type='pci'>" HOST("010") "</hostdev>",
	  "bus='010' is 0x08 for libvirt", "",
	  "<hostdev type='pci'>" HOST("07") "</hostdev>" },
	{ "number-octal", HD_WARNING, "", GUEST("slot='0012'"),
	  "slot='0012' is 0x0a", "", GUEST("bus='0x01' slot='00'") },
	{ "address-missing", HD_ERROR, "", "<hostdev type='pci'/>",
	  "<hostdev> has no <source>", "", "<hostdev type='mdev'/>" },
	{ "managed-invalid", HD_ERROR, "",
	  "<hostdev type='pci' managed='on'>" HOST("1") "</hostdev>",
	  "managed='on'", "",
	  "<hostdev type='pci' managed='no'>" HOST("1") "</hostdev>" },
	{ "uuid-invalid", HD_ERROR, "<uuid>x</uuid>", "", "'x' is not a UUID",
	  "<uuid>6ba7b810-9dad-11d1-80b4-00c04fd430c8</uuid>", "" },
	{ "metadata-invalid", HD_ERROR, OURS("<h:x/>"), "",
	  "the element <x> in", OURS("<h:siblings policy='bind'/>"), "" },
	{ "duplicate-device", HD_ERROR, "",
	  "<hostdev type='pci'>" HOST("1") "</hostdev><interface type='hostdev'>" HOST(
		  "0x01") "</interface>",
	  "0000:01:00.0 is asked for twice, first on line 3", "",
	  HOSTDEV("") NIC("") },
	{ "duplicate-device", HD_ERROR, "", NVME("3", "1") NVME("3", "1"),
	  "0000:03:00.0", "", NVME("3", "1") NVME("3", "2") NVME("4", "1") },
	{ "duplicate-device", HD_ERROR, "", NVME("1", "1") HOSTDEV(""),
	  "0000:01:00.0", "", NVME("2", "1") HOSTDEV("") },
	{ "hostdev-mode", HD_ERROR, "",
	  "<hostdev type='pci' mode='capabilities'/>", "mode='capabilities'",
	  "", "<hostdev type='misc' mode='capabilities'/>" },
	{ "driver-name", HD_ERROR, "", HOSTDEV("<driver name='kvm'/>"),
	  "<driver name='kvm'>", "",
	  HOSTDEV("<driver name='vfio' model='mlx5_vfio_pci'/>") },
	{ "startup-policy", HD_ERROR, "",
	  "<hostdev type='pci'><source startupPolicy='optional'><address bus='1'/></source></hostdev>",
	  "startupPolicy='optional'", "",
	  "<hostdev type='usb'><source startupPolicy='optional'/></hostdev>" HOSTDEV(
		  "") },
	{ "teaming", HD_ERROR, "", HOSTDEV("<teaming type='transient'/>"),
	  "needs type='transient'", "",
	  HOSTDEV(TEAM) VIRTIO("ua-a", "persistent") },
	{ "teaming", HD_WARNING, "", HOSTDEV(TEAM) VIRTIO("ua-b", "persistent"),
	  "no <interface> has <alias name='ua-a'/>", "",
	  HOSTDEV(TEAM) VIRTIO("ua-b", "persistent")
		  VIRTIO("ua-a", "persistent") },
	{ "teaming", HD_WARNING, "", HOSTDEV(TEAM) VIRTIO("ua-a", "transient"),
	  "no <interface> has", "",
	  NVME("1", "1") VIRTIO("ua-a", "transient") },
	{ "boot-order-invalid", HD_ERROR, "", HOSTDEV("<boot order='0'/>"),
	  "order='0'", "", HOSTDEV("<boot order='1'/>") },
	{ "boot-order-duplicate", HD_ERROR, "",
	  HOSTDEV("") "<disk><boot order='2'/></disk><interface><boot order='2'/></interface>",
	  "Boot order 2 is that of the device with <boot> on line 3", "",
	  HOSTDEV("<boot order='3'/>") "<disk><boot order='1'/></disk><interface><boot order='2'/></interface>" },
	{ "boot-order-and-os-boot", HD_ERROR, "<os><boot dev='hd'/></os>",
	  HOSTDEV("<boot order='1'/>"), "as on line 3",
	  "<os><boot dev='hd'/></os>", HOSTDEV("") },
	{ "balloon", HD_WARNING,
	  "<memory>2097152</memory><currentMemory>1048576</currentMemory>",
	  HOSTDEV(""), "The guest may use 1024 MiB, but all of its 2048 MiB",
	  "<memory unit='GiB'>2</memory><currentMemory unit='KiB'>2097152</currentMemory>",
	  HOSTDEV("") "<memballoon model='virtio'/>" },
	{ "balloon", HD_WARNING,
	  "<memory>2048</memory><currentMemory>1024</currentMemory>",
	  HOSTDEV(""), "ballooning",
	  "<memory>2048</memory><currentMemory>1024</currentMemory>",
	  HOSTDEV("") "<memballoon model='none'/>" },
	{ "balloon", HD_INFO, "",
	  HOSTDEV("") "<memballoon model='virtio' freePageReporting='on'/>",
	  "freePageReporting", "",
	  HOSTDEV("") "<memballoon model='virtio' freePageReporting='off'/>" },
	{ "memory-limit", HD_ERROR, MEMORY("4096", "4095"), HOSTDEV(""),
	  "4095 MiB is less than the guest's 4096 MiB", MEMORY("4096", "5120"),
	  HOSTDEV("") },
	{ "memory-limit", HD_WARNING, MEMORY("4096", "4096"), HOSTDEV(""),
	  "leaves QEMU 0 MiB",
	  "<memory unit='GB'>4</memory><memtune><hard_limit unit='GiB'>5</hard_limit></memtune>",
	  HOSTDEV("") },
	{ "memory-limit", HD_WARNING,
	  "<memory unit='GiB'>4</memory><memtune><hard_limit unit='GB'>5</hard_limit></memtune>",
	  HOSTDEV(""), "leaves QEMU 672 MiB", MEMORY("4096", "5120"),
	  HOSTDEV("") },
	{ "memory-limit", HD_ERROR,
	  MEMORY("1",
		 "4096") "<cpu><numa><cell memory='3' unit='GiB'/><cell memory='2' unit='GiB'/></numa></cpu>",
	  HOSTDEV(""), "5120 MiB", MEMORY("4096", "1"), "" },
	{ "virtio-mem-blocks", HD_WARNING, "", HOSTDEV("") MEM("65", "2"),
	  "33280 blocks", "", HOSTDEV("") MEM("64", "4") MEM("16", "2") },
	{ "gpu-machine", HD_INFO, PC, HOSTDEV(""), "0000:01:00.0 has no PCI",
	  Q35, HOSTDEV("") },
	{ "gpu-machine", HD_INFO, OS("", "pc", ""), HOSTDEV(""), "'pc'", PC,
	  NIC("") },
	{ "gpu-machine", HD_INFO, PC, HOSTDEV(""), "", PC,
	  "<hostdev type='pci'><source><address slot='2'/></source></hostdev>" HOSTDEV(
		  "<address type='unassigned'/>") },
	{ "gpu-bus", HD_INFO, Q35,
	  BUS("1", "dmi-to-pci-bridge") GUEST("bus='0x01' slot='0x01'"),
	  "dmi-to-pci-bridge", Q35,
	  BUS("1", "pcie-root-port") GUEST("bus='0x01'") },
	{ "x-vga", HD_WARNING, EFI ARGS("-set", "device.hostdev0.x-vga=on"), "",
	  "UEFI", Q35 ARGS("-set", "device.hostdev0.x-vga=on"), "" },
	{ "x-vga", HD_WARNING, PFLASH OVERRIDE("true"), "", "UEFI",
	  PC OVERRIDE("true"), "" },
	{ "x-vga", HD_WARNING, PFLASH OVERRIDE("true"), "", "UEFI",
	  PFLASH OVERRIDE("false"), "" },
	{ "hidden-assignment", HD_WARNING,
	  ARGS("-device", "vfio-pci,host=01:00.0"), "",
	  "'vfio-pci,host=01:00.0'",
	  ARGS("-set", "vfio-pci,host=01:00.0") ARGS("-device", "vfio-pci"),
	  "" },
	{ "hidden-assignment", HD_WARNING,
	  ARGS("-device", "{&quot;driver&quot;:&quot;vfio-pci&quot;}"), "",
	  "behind libvirt's back",
	  ARGS("-device", "{&quot;driver&quot;:&quot;e1000e&quot;}"), "" },
	{ "rom-path", HD_WARNING, EFI, HOSTDEV("<rom file='gpu.rom'/>"),
	  "gpu.rom", EFI, HOSTDEV("<rom file='/both'/>") },
	{ "rom-missing", HD_ERROR, EFI, HOSTDEV("<rom file='/missing'/>"),
	  "can't be used", EFI, HOSTDEV("<rom file='/secret'/>") },
	{ "rom-bad", HD_ERROR, EFI, HOSTDEV("<rom file='/empty'/>"), "no", EFI,
	  HOSTDEV("<rom file='/empty' enabled='no'/>") },
	{ "rom-bad", HD_WARNING, EFI, HOSTDEV("<rom file='/text'/>"), "no", EFI,
	  HOSTDEV("<rom bar='on'/>") },
	{ "rom-mismatch", HD_WARNING, EFI, HOSTDEV("<rom file='/other'/>"),
	  "/other is the expansion ROM of a 10de:1f07, and 0000:01:00.0 is a 10de:1f06",
	  EFI,
	  "<hostdev type='pci'>" HOST("9") "<rom file='/other'/></hostdev>" },
	{ "rom-firmware", HD_WARNING, PC, HOSTDEV("<rom file='/efi'/>"),
	  "no code for the guest's BIOS", EFI, HOSTDEV("<rom file='/efi'/>") },
	{ "rom-firmware", HD_WARNING, PFLASH, HOSTDEV("<rom file='/bios'/>"),
	  "no code for the guest's UEFI", OS("", "q35", "<loader>/x</loader>"),
	  HOSTDEV("<rom file='/bios'/>") },
	{ "rom-firmware", HD_WARNING, PC, HOSTDEV("<rom file='/bad'/>"),
	  "its checksum doesn't fit", PC, HOSTDEV("<rom file='/bios'/>") },
	{ "rom-firmware", HD_WARNING, EFI, HOSTDEV("<rom file='/bad'/>"),
	  "no driver for its processor", EFI, HOSTDEV("<rom file='/efi'/>") },
	{ "rom-bar", HD_WARNING, EFI, HOSTDEV("<rom bar='off' file='/both'/>"),
	  "bar='off'", PC, HOSTDEV("<rom bar='off' file='/both'/>") },
	{ "guest-address", HD_ERROR, "", GUEST("domain='1' bus='1'"),
	  "no PCI domain but 0", "", GUEST("bus='9' slot='9'") },
	{ "guest-address", HD_ERROR, "",
	  BUS("1", "pcie-root-port") GUEST("bus='1' slot='1'"),
	  "a pcie-root-port, which has slots 0x00 to 0x00", "",
	  BUS("1", "pcie-root-port") GUEST("bus='1'") },
	{ "guest-address", HD_ERROR, "",
	  BUS("1", "pci-bridge") GUEST("bus='1' slot='0'"), "slots 0x01", "",
	  BUS("1", "pci-bridge") GUEST("bus='1' slot='0x1f'") },
	{ "guest-address", HD_ERROR, "",
	  BUS("3", "pcie-expander-bus") GUEST("bus='3'"), "no device but ports",
	  "", BUS("3", "dmi-to-pci-bridge") GUEST("bus='3'") },
	{ "guest-address", HD_ERROR, "",
	  HOSTDEV("<address type='drive' bus='1'/>"), "type='drive'", "",
	  HOSTDEV("<address type='unassigned'/>") },
	{ "guest-address", HD_ERROR, Q35, GUEST("function='1'"), "slots 0x01",
	  Q35, GUEST("slot='0x1c'") },
	{ "guest-address-taken", HD_ERROR, "",
	  "<disk><address type='pci' bus='0x01' slot='0'/></disk>" GUEST(
		  "bus='1'"),
	  "this <hostdev>, and the <disk> on line 3", "",
	  "<disk><address type='pci' slot='3'/></disk><disk><address type='pci' slot='3'/></disk>" GUEST(
		  "") NIC("<address type='pci'/>") },
	{ "multifunction", HD_WARNING, "", GUEST("bus='1' function='1'"),
	  "no function 0", "",
	  GUEST("bus='1' function='1'") NIC("<address type='pci' bus='1'/>") },
	{ "multifunction", HD_ERROR, "",
	  GUEST("bus='1' function='1'")
		  NIC("<address type='pci' bus='1' multifunction='off'/>"),
	  "multifunction='off'", "",
	  GUEST("bus='1' function='1'")
		  NIC("<address type='pci' bus='1' multifunction='on'/>") },
	{ "numa-node", HD_INFO,
	  "<numatune><memory mode='strict' nodeset='0-3,^1'/></numatune>",
	  NIC(""), "0000:02:00.0 is near NUMA node 1",
	  "<numatune><memory nodeset='0,1'/></numatune>", NIC("") },
	{ "numa-node", HD_INFO, "<numatune><memory nodeset='0'/></numatune>",
	  NIC(""), "node 1",
	  "<numatune><memory nodeset='0'/><memnode cellid='1' nodeset='1-2'/></numatune>",
	  NIC("") HOSTDEV("") },
	{ "cpu-pinning", HD_INFO,
	  "<cputune><vcpupin vcpu='0' cpuset='0-3'/><vcpupin vcpu='1' cpuset='8-9,^8'/></cputune>",
	  NIC(""), "0000:02:00.0 is near the processors 4-7,12, and", "",
	  HOSTDEV("") },
	{ "cpu-pinning", HD_INFO, "<vcpu cpuset='0-15,^4-7,^12'>4</vcpu>",
	  NIC(""), "Pin the guest's processors to some of 4-7,12",
	  "<vcpu cpuset='0-3'>4</vcpu><cputune><vcpupin vcpu='0' cpuset='12'/></cputune>",
	  NIC("") },
	{ "cpu-pinning", HD_INFO, "<vcpu cpuset='0'>4</vcpu>", NIC(""),
	  "slower to reach",
	  "<vcpu>4</vcpu><cputune><shares>1</shares></cputune>", NIC("") },
	{ "cpu-pinning", HD_INFO,
	  "<vcpu cpuset='0-1'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/></cputune>",
	  NIC(""), "slower to reach",
	  "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/></cputune>",
	  NIC("") },
	{ "cpu-pinning", HD_INFO,
	  "<vcpu cpuset='4'>1</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/></cputune>",
	  NIC(""), "slower to reach",
	  "<vcpu cpuset='4'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/></cputune>",
	  NIC("") },
	{ "viommu-caching-mode", HD_ERROR, "",
	  HOSTDEV("") "<iommu model='intel'><driver intremap='on'/></iommu>",
	  "caching_mode='on'", "",
	  HOSTDEV("") "<iommu model='intel'><driver caching_mode='on'/></iommu><iommu model='smmuv3'/>" },
	{ "viommu-caching-mode", HD_ERROR, "",
	  HOSTDEV("") "<iommu model='intel'/>", "QEMU ends", "",
	  NVME("1", "1") "<iommu model='intel'/>" },
};

static const struct hd_finding *find(const struct hd_findings *findings,
				     const struct row *row)
{
	for (size_t i = 0; i < findings->n; i++)
		if (strcmp(findings->items[i].id, row->id) == 0)
			return &findings->items[i];
	fail_msg("no %s: %s%s", row->id, row->parts, row->devices);
	return NULL;
}

static void each_rule_finds_what_it_is_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
		HD_AUTOFREE char *text =
			make_domain(rows[i].parts, rows[i].devices);
		const struct hd_finding *finding;

		lint(text, &all_facts, &findings);
		finding = find(&findings, &rows[i]);
		if (finding->severity != rows[i].severity)
			fail_msg("%s is no %s", rows[i].id,
				 hd_severity_name(rows[i].severity));
		if (!strstr(finding->message, rows[i].words) &&
		    !(finding->fix && strstr(finding->fix, rows[i].words)))
			fail_msg("'%s' lacks '%s'", finding->message,
				 rows[i].words);
		if (finding->line != 2 && finding->line != 3)
			fail_msg("%s is on line %u", rows[i].id, finding->line);
		assert_null(strchr(finding->message, '\n'));
	}
}

static void no_rule_finds_anything_in_a_near_miss(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
		HD_AUTOFREE char *text =
			make_domain(rows[i].good_parts, rows[i].good_devices);

		lint(text, &all_facts, &findings);
		if (count(&findings, rows[i].id))
			fail_msg("%s: %s", rows[i].id, text);
	}
}

/* A near miss has no other error either: all of them are good domains. */
static void near_misses_have_no_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
		HD_AUTOFREE char *text =
			make_domain(rows[i].good_parts, rows[i].good_devices);

		lint(text, &all_facts, &findings);
		for (size_t j = 0; j < findings.n; j++)
			if (findings.items[j].severity == HD_ERROR)
				fail_msg("%s: %s", findings.items[j].message,
					 text);
	}
}

/* What needs the host is not said without it. */
static void without_facts_nothing_is_guessed(void **state)
{
	static const char *const need_facts[] = {
		"gpu-machine", "gpu-bus",      "numa-node",    "rom-missing",
		"rom-bad",     "rom-mismatch", "rom-firmware", "cpu-pinning",
	};
	static const struct hd_lint_facts none = { .devices = NULL };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
		HD_AUTOFREE char *text =
			make_domain(rows[i].parts, rows[i].devices);
		size_t wanted = 1;

		for (size_t j = 0; j < N_ELEMENTS(need_facts); j++)
			if (strcmp(rows[i].id, need_facts[j]) == 0)
				wanted = 0;
		lint(text, &none, &findings);
		if (!!count(&findings, rows[i].id) != wanted)
			fail_msg("%s: %s", rows[i].id, text);
	}
}

static void every_bad_number_is_found(void **state)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTOFREE char *text = make_domain(
		"",
		"<hostdev type='pci'><source><address domain='x' bus='e1' slot='-1' function='9'/></source></hostdev>"
		"<hostdev type='pci'><source><address bus='1f' slot='0x20'/></source></hostdev>");

	(void)state;
	lint(text, &all_facts, &findings);
	assert_int_equal(findings.n, 6);
	assert_int_equal(count(&findings, "number-not-libvirt"), 6);
}

static void findings_are_of_their_assignment(void **state)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTOFREE char *text = make_domain(
		"",
		HOSTDEV("") "<hostdev type='pci'>" HOST("x") "</hostdev>" NIC(
			"<driver name='xen'/>") HOSTDEV(""));

	(void)state;
	lint(text, &all_facts, &findings);
	assert_int_equal(
		hd_domain_parse_readable(text, strlen(text), &domain, NULL), 0);
	assert_int_equal(domain.n_assigns, 3);
	assert_int_equal(findings.n, 3);
	assert_string_equal(findings.items[0].id, "driver-name");
	assert_int_equal(findings.items[0].assign, 1);
	assert_string_equal(findings.items[1].id, "number-not-libvirt");
	assert_true(findings.items[1].assign == HD_WHOLE_DOMAIN);
	assert_string_equal(findings.items[2].id, "duplicate-device");
	assert_int_equal(findings.items[2].assign, 2);
}

static void each_duplicate_is_named_once(void **state)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTOFREE char *text =
		make_domain("", NVME("1", "1") NVME("1", "2") HOSTDEV("")
					NIC("") NVME("1", "1"));

	(void)state;
	lint(text, &all_facts, &findings);
	assert_int_equal(count(&findings, "duplicate-device"), 3);
	assert_int_equal(findings.n, 3);
}

/* What isn't about devices of the host is not ours to find. */
static void guest_without_devices_is_left_alone(void **state)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTOFREE char *text = make_domain(
		"<os><boot dev='hd'/></os><memory>2</memory><currentMemory>1</currentMemory>"
		"<memtune><hard_limit>1</hard_limit></memtune>",
		"<disk><boot order='0'/></disk><interface type='network'/>"
		"<iommu model='intel'/>");

	(void)state;
	lint(text, &all_facts, &findings);
	assert_int_equal(findings.n, 0);
}

static void what_is_no_domain_is_an_error(void **state)
{
	static const char *const texts[] = { "", "<network/>", "<domain>",
					     "<domain xmlns='urn:x'/>" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
		HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

		assert_int_equal(hd_lint(texts[i], strlen(texts[i]), &all_facts,
					 &findings, &err),
				 -EINVAL);
		assert_non_null(err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_finds_what_it_is_for),
		cmocka_unit_test(no_rule_finds_anything_in_a_near_miss),
		cmocka_unit_test(near_misses_have_no_error),
		cmocka_unit_test(without_facts_nothing_is_guessed),
		cmocka_unit_test(every_bad_number_is_found),
		cmocka_unit_test(findings_are_of_their_assignment),
		cmocka_unit_test(each_duplicate_is_named_once),
		cmocka_unit_test(guest_without_devices_is_left_alone),
		cmocka_unit_test(what_is_no_domain_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
