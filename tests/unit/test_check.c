// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/check.h"
#include "lib/check/rules.h"

#define MINE "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define OTHER "6ba7b811-9dad-11d1-80b4-00c04fd430c8"

/*
 * A host in words. Group 1 is a GPU with its audio function below a bridge, 2 a
 * NIC alone, 3 a VF; 0000:09:00.0 has no group.
 */
struct world {
	struct hd_device devices[8];
	struct hd_group groups[3];
	struct hd_claim_device claimed;
	struct hd_claim claim;
	struct hd_unsettled unsettled;
	struct hd_assign assigns[2];
	enum hd_module_state modules[2];
	struct hd_node nodes_of[1];
	struct hd_holder holders_of[2];
	struct hd_critical_use critical_uses_of[2];
	struct hd_shown shown_of[8];
	struct hd_user users_of[2];
	struct hd_screen_item shows;
	struct hd_policy policy;
	struct hd_policy_section section; /* of it, with one pattern each */
	struct hd_device_pattern pattern;
	char *guest;
	struct hd_allow allow;
	struct hd_pin pin;
	struct hd_pin_match match;
	struct hd_situation situation; /* of the above */
	struct hd_request request;
	struct hd_findings findings;
};

enum { PORT, GPU, AUDIO, NIC, VF, LONER, N_DEVICES };

static struct hd_device device(const char *address, int group, char *driver)
{
	return (struct hd_device){
		.addr = addr(address),
		.vendor = 0x10de,
		.device = 0x1f06,
		.driver = driver,
		.vfio = driver && strcmp(driver, "vfio-pci") == 0,
		.group = group,
		.numa_node = HD_NO_NODE,
	};
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->devices[GPU] = device("01:00.0", 1, (char *)"nouveau");
	w->devices[AUDIO] = device("01:00.1", 1, NULL);
	w->devices[PORT] = device("00:01.0", 1, (char *)"pcieport");
	w->devices[PORT].bridge = true;
	w->devices[NIC] = device("02:00.0", 2, (char *)"e1000e");
	w->devices[VF] = device("03:10.0", 3, (char *)"igbvf");
	w->devices[VF].is_vf = true;
	w->devices[VF].physfn = addr("03:00.0");
	w->devices[LONER] = device("09:00.0", HD_NO_GROUP, (char *)"e1000e");
	for (int i = 0; i < 3; i++)
		w->groups[i].number = i + 1;
	w->assigns[0] = (struct hd_assign){ .addr = w->devices[GPU].addr };
	w->pin = (struct hd_pin){ .addr = w->devices[GPU].addr };
	w->match = (struct hd_pin_match){
		.pin = &w->pin,
		.present = true,
		.what = "serial number",
	};
	w->situation = (struct hd_situation){
		.inventory = { w->devices, N_DEVICES, w->groups, 3, true,
			       false },
		.claims = { .items = &w->claim },
		.modules = w->modules,
		.vfio_node = true,
		.nodes = { w->nodes_of, 0 },
		.holders = { .items = w->holders_of },
		.critical_uses = { w->critical_uses_of, 0 },
		.pin_matches = { .items = &w->match },
	};
	w->policy = (struct hd_policy)HD_POLICY_INIT;
	w->request = (struct hd_request){
		.domain = "g",
		.uuid = MINE,
		.assigns = w->assigns,
		.n_assigns = 1,
		.policy = &w->policy,
		.allows = &w->allow,
		.pins = &w->pin,
	};
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	hd_findings_clear(&w->findings);
	hd_fates_clear(&w->situation.fates);
	hd_index_clear(&w->situation.pin_matches.by_addr);
	free(w);
	return 0;
}

static void claim_for(struct world *w, const char *uuid, const char *name,
		      int index)
{
	w->claimed = (struct hd_claim_device){
		.addr = w->devices[index].addr,
		.group = w->devices[index].group,
	};
	strcpy(w->claim.uuid, uuid);
	w->claim.domain = (char *)name;
	w->claim.devices = &w->claimed;
	w->claim.n_devices = 1;
	w->situation.claims.n = 1;
}

/* @refuses: an error is among what is found. */
static void check(struct world *w, bool refuses)
{
	struct hd_pin_matches *matches = &w->situation.pin_matches;

	hd_findings_clear(&w->findings);
	hd_index_clear(&matches->by_addr);
	assert_int_equal(hd_addr_index(&matches->by_addr, w->request.pins,
				       matches->n, sizeof(w->pin), NULL),
			 0);
	assert_int_equal(hd_fates_find(&w->situation.inventory, &w->request,
				       &w->situation.fates, NULL),
			 0);
	assert_int_equal(
		hd_check(&w->situation, &w->request, &w->findings, NULL),
		refuses ? HD_REFUSED : 0);
	assert_int_equal(hd_findings_refuse(&w->findings), refuses);
}

static void assert_fine(struct world *w)
{
	check(w, false);
	if (w->findings.n)
		fail_msg("unexpected: %s", w->findings.items[0].message);
}

/* One error, with @id, whose sentence and fix hold the words. */
static void assert_refused(struct world *w, const char *id,
			   const char *sentence, const char *fix)
{
	const struct hd_finding *finding;

	check(w, true);
	assert_int_equal(w->findings.n, 1);
	finding = &w->findings.items[0];
	assert_string_equal(finding->id, id);
	assert_int_equal(finding->severity, HD_ERROR);
	if (!strstr(finding->message, sentence))
		fail_msg("'%s' lacks '%s'", finding->message, sentence);
	if (!strstr(finding->fix, fix))
		fail_msg("'%s' lacks '%s'", finding->fix, fix);
}

static void assert_warned(struct world *w, const char *id, const char *sentence)
{
	check(w, false);
	assert_int_equal(w->findings.n, 1);
	assert_string_equal(w->findings.items[0].id, id);
	assert_int_equal(w->findings.items[0].severity, HD_WARNING);
	if (!strstr(w->findings.items[0].message, sentence))
		fail_msg("'%s' lacks '%s'", w->findings.items[0].message,
			 sentence);
}

static void ask_for(struct world *w, int index)
{
	w->assigns[0].addr = w->devices[index].addr;
}

static void driverless_and_port_siblings_are_fine(void **state)
{
	assert_fine(*state);
}

static void host_driver_of_sibling_blocks(void **state)
{
	struct world *w = *state;

	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
	assert_refused(
		w, "group-not-viable",
		"0000:01:00.0 (Device 10de:1f06, IOMMU group 1, driver nouveau) can't be given to guest 'g' while the host still uses 0000:01:00.1 (Device 10de:1f06, IOMMU group 1, driver snd_hda_intel)",
		"virt-hostdev allow --siblings g");
}

static void all_blockers_are_named(void **state)
{
	struct world *w = *state;

	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
	w->devices[NIC].group = 1;
	/* No domain may take them along. */
	w->policy.may = 0;
	assert_refused(
		w, "group-not-viable", "driver e1000e) in the same",
		"virsh nodedev-detach pci_0000_01_00_1 && virsh nodedev-detach pci_0000_02_00_0");
}

static void harmless_drivers_of_siblings(void **state)
{
	static const struct {
		const char *driver;
		bool vfio, fine;
	} rows[] = {
		{ NULL, false, true },		 { "vfio-pci", true, true },
		{ "mlx5_vfio_pci", true, true }, { "pci-stub", false, true },
		{ "pcieport", false, true },	 { "xhci_hcd", false, false },
		{ "vfio-pci2", false, false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		w->devices[AUDIO].driver = (char *)rows[i].driver;
		w->devices[AUDIO].vfio = rows[i].vfio;
		check(w, !rows[i].fine);
		assert_int_equal(w->findings.n, rows[i].fine ? 0 : 1);
	}
}

static void sibling_for_the_same_guest_is_fine(void **state)
{
	struct world *w = *state;

	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
	w->assigns[1].addr = w->devices[AUDIO].addr;
	w->request.n_assigns = 2;
	assert_fine(w);
}

static void sibling_that_may_be_taken_along_is_fine(void **state)
{
	struct world *w = *state;

	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
	assert_refused(w, "group-not-viable", "0000:01:00.1",
		       "virt-hostdev allow --siblings g");
	w->request.siblings = HD_SIBLINGS_BIND;
	assert_fine(w);
	/* vfio-pci takes no bridge and no PF with VFs. */
	w->devices[AUDIO].numvfs = 1;
	assert_refused(w, "group-not-viable", "0000:01:00.1", "virsh");
	w->devices[AUDIO].numvfs = 0;
	w->devices[PORT].driver = (char *)"portdrv";
	assert_refused(w, "group-not-viable", "0000:00:01.0", "virsh");
	w->devices[PORT].driver = NULL;
	claim_for(w, OTHER, "first", AUDIO);
	assert_refused(w, "group-claimed", "'first'", "virsh");
}

static void missing_device(void **state)
{
	struct world *w = *state;

	w->assigns[0].addr = addr("77:00.0");
	assert_refused(w, "device-missing", "0000:77:00.0",
		       "virt-hostdev list");
}

static void bridge(void **state)
{
	ask_for(*state, PORT);
	assert_refused(*state, "not-endpoint", "is a bridge", "behind it");
}

static void no_group_here_or_anywhere(void **state)
{
	struct world *w = *state;

	ask_for(w, LONER);
	assert_refused(w, "no-group", "although this host has one", "slot");
	w->situation.inventory.iommu = false;
	assert_refused(w, "no-iommu", "no IOMMU group at all",
		       "intel_iommu=on");
}

static void group_that_comes_with_a_driver(void **state)
{
	struct world *w = *state;

	ask_for(w, LONER);
	w->situation.inventory.late = true;
	/* A driver has it, and that gave it none. */
	assert_refused(w, "no-group", "no IOMMU group, driver e1000e", "slot");
	w->devices[LONER].driver = NULL;
	assert_warned(w, "group-unknown",
		      "Which IOMMU group 0000:09:00.0 will be in");
	/* Nor are there others, before any driver took a device. */
	w->situation.inventory.iommu = false;
	assert_warned(w, "group-unknown", "isn't known yet");
	w->situation.inventory.late = false;
	assert_refused(w, "no-iommu", "no IOMMU group,", "intel_iommu=on");
	/* Of two such devices nobody says that they are in one group. */
	w->situation.inventory.late = true;
	w->devices[AUDIO].group = HD_NO_GROUP;
	claim_for(w, OTHER, "other", AUDIO);
	assert_warned(w, "group-unknown", "isn't known yet");
}

static void platform_device_in_the_group(void **state)
{
	struct world *w = *state;

	w->groups[0].foreign = (char *)"arm-smmu.0";
	assert_refused(w, "group-foreign", "arm-smmu.0", "virt-hostdev list");
}

static void device_of_another_guest(void **state)
{
	struct world *w = *state;

	claim_for(w, OTHER, "it's mine", GPU);
	assert_refused(w, "claimed", "guest 'it's mine' has it",
		       "virsh shutdown 'it'\\''s mine'");
	claim_for(w, OTHER, "-x", GPU);
	assert_refused(w, "claimed", "guest '-x' has it",
		       "virsh shutdown '-x'");
	claim_for(w, MINE, "g", GPU);
	assert_fine(w);
}

static void sibling_of_another_guest(void **state)
{
	struct world *w = *state;

	claim_for(w, OTHER, "first", AUDIO);
	assert_refused(w, "group-claimed",
		       "guest 'first' has 0000:01:00.1 of the same group",
		       "virsh shutdown first");
	claim_for(w, OTHER, "first", NIC);
	assert_fine(w);
}

/* A damaged one, of which nothing is left, or all. */
static void unsettled_for(struct world *w, const char *uuid, bool complete)
{
	strcpy(w->unsettled.uuid, uuid);
	w->unsettled.left.complete = complete;
	w->situation.claims.unsettled = &w->unsettled;
	w->situation.claims.n_unsettled = 1;
}

static void claim_that_is_to_be_settled(void **state)
{
	struct world *w = *state;

	unsettled_for(w, OTHER, false);
	assert_fine(w);
	w->devices[GPU].driver = (char *)"vfio-pci";
	w->devices[GPU].vfio = true;
	assert_refused(w, "claim-unsettled", OTHER,
		       "virt-hostdev recover --accept " OTHER);
	/* libvirt has bound it; or what it had is known. */
	w->request.bound = true;
	assert_fine(w);
	w->request.bound = false;
	claim_for(w, MINE, "g", GPU);
	assert_fine(w);
	w->situation.abandoned = w->situation.claims;
	w->situation.claims.n = 0;
	assert_fine(w);
	w->situation.abandoned = (struct hd_claims)HD_CLAIMS_INIT;
	/* It holds something else, for all that it says. */
	unsettled_for(w, OTHER, true);
	assert_fine(w);
	w->unsettled.foreign = true;
	assert_refused(w, "claim-unsettled", OTHER, "--accept");
	w->unsettled.foreign = false;
	w->unsettled.left.devices = &w->claimed;
	w->unsettled.left.n_devices = 1;
	assert_refused(w, "claim-unsettled", OTHER, "--accept");
	/* prepare gives back first what its own guest had. */
	unsettled_for(w, MINE, true);
	assert_fine(w);
	w->unsettled.aside = true;
	assert_refused(w, "claim-unsettled", MINE, "--accept");
	w->unsettled.aside = false;
	unsettled_for(w, MINE, false);
	assert_refused(w, "claim-unsettled", MINE, "--accept");
}

static void without_uuid_the_name_counts(void **state)
{
	struct world *w = *state;

	w->request.uuid = "";
	claim_for(w, OTHER, "g", GPU);
	assert_fine(w);
	claim_for(w, OTHER, "h", GPU);
	assert_refused(w, "claimed", "'h'", "virsh");
}

static void interface_needs_a_vf_with_its_pf_up(void **state)
{
	struct world *w = *state;

	w->assigns[0].source = HD_SOURCE_INTERFACE;
	assert_refused(w, "not-a-vf", "no SR-IOV virtual function",
		       "virt-hostdev xml 0000:01:00.0");
	ask_for(w, VF);
	assert_fine(w);
	w->devices[VF].pf_netdev_down = (char *)"eth7";
	assert_refused(w, "pf-down",
		       "interface eth7 of its physical function 0000:03:00.0",
		       "ip link set eth7 up");
	w->assigns[0].source = HD_SOURCE_HOSTDEV;
	assert_fine(w);
}

static void device_that_does_not_answer(void **state)
{
	struct world *w = *state;

	w->devices[NIC].override_unknown = true;
	assert_fine(w); /* of another group */
	w->devices[AUDIO].override_unknown = true;
	assert_refused(w, "device-locked", "doesn't answer for 0000:01:00.1",
		       "state D");
	w->devices[AUDIO].override_unknown = false;
	w->devices[GPU].override_unknown = true;
	assert_refused(w, "device-locked", "doesn't answer for 0000:01:00.0",
		       "state D");
}

static void pf_with_vfs(void **state)
{
	struct world *w = *state;

	ask_for(w, NIC);
	w->devices[NIC].numvfs = 2;
	assert_refused(
		w, "pf-has-vfs", "2 virtual functions",
		"echo 0 > /sys/bus/pci/devices/0000:02:00.0/sriov_numvfs");
	w->devices[NIC].vfio = true;
	assert_fine(w);
}

static void driver_that_cannot_be_had(void **state)
{
	static const struct {
		enum hd_module_state module;
		const char *id, *fix;
	} rows[] = {
		{ HD_MODULE_MISSING, "driver-missing", "modprobe vfio-pci" },
		{ HD_MODULE_BLACKLISTED, "driver-blacklisted", "blacklist" },
		{ HD_MODULE_COMMAND, "driver-command", "modprobe vfio-pci" },
		{ HD_MODULE_NOT_VFIO, "driver-not-vfio", "virsh edit" },
	};
	struct world *w = *state;

	w->modules[0] = HD_MODULE_LOADABLE;
	assert_fine(w);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		w->modules[0] = rows[i].module;
		assert_refused(w, rows[i].id, "driver vfio-pci", rows[i].fix);
	}
	/* libvirt runs modprobe itself, and that runs install commands. */
	w->modules[0] = HD_MODULE_COMMAND;
	w->assigns[0].managed = true;
	assert_fine(w);
	w->modules[0] = HD_MODULE_UNKNOWN;
	check(w, false);
	assert_int_equal(w->findings.n, 1);
	assert_int_equal(w->findings.items[0].severity, HD_INFO);
}

static void vfio_node(void **state)
{
	struct world *w = *state;

	w->situation.vfio_node = false;
	assert_refused(w, "vfio-node", "/dev/vfio/vfio is missing", "devtmpfs");
}

static void each_device_has_its_own_findings(void **state)
{
	struct world *w = *state;

	ask_for(w, PORT);
	w->assigns[1].addr = addr("77:00.0");
	w->request.n_assigns = 2;
	check(w, true);
	assert_int_equal(w->findings.n, 2);
	assert_int_equal(w->findings.items[0].assign, 0);
	assert_int_equal(w->findings.items[1].assign, 1);
}

static void hold(struct world *w, int index, enum hd_hold what, bool writes,
		 const char *path)
{
	struct hd_holder *holder = &w->holders_of[w->situation.holders.n++];

	*holder = (struct hd_holder){ .addr = w->devices[index].addr,
				      .hold = what,
				      .writes = writes,
				      .pid = 812 };
	strcpy(holder->command, "Xorg");
	strcpy(holder->path, path);
}

static void who_would_block_or_break_refuses(void **state)
{
	static const struct {
		const char *driver;
		enum hd_hold hold;
		bool writes;
		const char *path, *harm;
	} rows[] = {
		{ "nvidia", HD_HOLD_CHAR, false, "/dev/nvidia0", "for ever" },
		{ "vfio-pci", HD_HOLD_VFIO, true, "/dev/vfio/1", "lets go" },
		{ "nouveau", HD_HOLD_BLOCK, true, "/dev/nvme0n1",
		  "what it writes would be lost" },
		{ "nouveau", HD_HOLD_RESOURCE, true, "/sys/x/resource0",
		  "drives the device itself" },
		{ NULL, HD_HOLD_RESOURCE, true, "/sys/x/resource0", "itself" },
		{ "nouveau", HD_HOLD_CHAR, true, "/dev/dri/card0", NULL },
		{ "nouveau", HD_HOLD_BLOCK, false, "/dev/nvme0n1", NULL },
	};
	struct world *w = *state;

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		w->devices[GPU].driver = (char *)rows[i].driver;
		w->situation.holders.n = 0;
		hold(w, GPU, rows[i].hold, rows[i].writes, rows[i].path);
		if (!rows[i].harm) {
			assert_warned(w, "device-held",
				      "process 812 (Xorg) has ");
			continue;
		}
		assert_refused(w, "device-held", rows[i].harm, "kill 812");
		assert_non_null(
			strstr(w->findings.items[0].message, rows[i].path));
	}
}

static void holder_of_a_sibling_counts_when_it_goes_along(void **state)
{
	struct world *w = *state;

	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
	w->request.siblings = HD_SIBLINGS_BIND;
	hold(w, AUDIO, HD_HOLD_CHAR, true, "/dev/snd/controlC0");
	assert_warned(w, "device-held",
		      "0000:01:00.1 (Device 10de:1f06, IOMMU group 1, driver "
		      "snd_hda_intel) will be lost to who uses it on the host: "
		      "process 812 (Xorg) has /dev/snd/controlC0 open.");
	/* One that stays where it is has nothing to do with it. */
	w->devices[AUDIO].driver = NULL;
	assert_fine(w);
}

static void no_sight_of_holders(struct world *w)
{
	w->devices[GPU].driver = (char *)"nvme";
	w->nodes_of[0] = (struct hd_node){ .addr = w->devices[GPU].addr,
					   .kind = HD_NODE_BLOCK,
					   .name = (char *)"nvme0n1" };
	w->situation.nodes.n = 1;
	w->situation.holders.unknown = (char *)"what process 7 (a) maps can't "
					       "be read: Input/output error";
	w->situation.holders.remedy = (char *)"Let it end, or end it: kill 7";
}

/* It refuses where an unbind could block or lose data, and there only. */
static void who_cannot_be_seen_may_hold_it(void **state)
{
	static const struct {
		const char *driver;
		enum hd_node_kind node;
		bool vfio, slight, refused;
	} rows[] = {
		{ "nvme", HD_NODE_BLOCK, false, false, true },
		{ "nvidia", HD_NODE_CHAR, false, false, true },
		{ "vfio-pci", HD_NODE_NET, true, false, true },
		{ "nouveau", HD_NODE_CHAR, false, false, false },
		{ "e1000e", HD_NODE_NET, false, false, false },
		{ "nvme", HD_NODE_BLOCK, false, true, false },
	};
	struct world *w = *state;

	no_sight_of_holders(w);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		w->devices[GPU].driver = (char *)rows[i].driver;
		w->devices[GPU].vfio = rows[i].vfio;
		w->nodes_of[0].kind = rows[i].node;
		w->situation.holders.slight = rows[i].slight;
		if (rows[i].refused)
			assert_refused(w, "holders-unknown",
				       "process 7 (a) maps", "kill 7");
		else
			assert_warned(w, "holders-unknown",
				      "process 7 (a) maps");
	}
}

static void own_qemu_holds_what_it_has(void **state)
{
	struct world *w = *state;

	w->devices[GPU].driver = (char *)"vfio-pci";
	hold(w, GPU, HD_HOLD_VFIO, true, "/dev/vfio/1");
	claim_for(w, MINE, "g", GPU);
	assert_fine(w);
	w->situation.claims.n = 0;
	assert_refused(w, "device-held", "/dev/vfio/1", "kill");
}

static void need(struct world *w, int index, enum hd_critical critical,
		 bool root, const char *chain)
{
	w->critical_uses_of[w->situation.critical_uses.n++] =
		(struct hd_critical_use){ .addr = w->devices[index].addr,
					  .critical = critical,
					  .root = root,
					  .chain = (char *)chain };
}

static void what_the_host_needs_is_refused_with_its_chain(void **state)
{
	struct world *w = *state;

	need(w, GPU, HD_CRITICAL_DISPLAY, false, "card0 → only display");
	assert_refused(
		w, "critical-display",
		"driver nouveau) can't be given to guest 'g', because the "
		"host needs it: card0 → only display.",
		"virt-hostdev allow --critical display g 0000:01:00.0");
	w->request.domain = NULL;
	assert_refused(w, "critical-display", "can't be taken from the host",
		       "virt-hostdev bind --allow 0000:01:00.0=display");
}

static void need_of_a_sibling_counts_when_it_goes_along(void **state)
{
	struct world *w = *state;

	need(w, AUDIO, HD_CRITICAL_MOUNT, false, "sda1 → /home");
	assert_fine(w);
	w->devices[AUDIO].driver = (char *)"ahci";
	w->request.siblings = HD_SIBLINGS_BIND;
	assert_refused(w, "critical-mount",
		       "because the host needs 0000:01:00.1 (Device 10de:1f06, "
		       "IOMMU group 1, driver ahci), which would go with it: "
		       "sda1 → /home.",
		       "allow --critical mount g 0000:01:00.1");
}

static void all_needs_are_named(void **state)
{
	struct world *w = *state;

	need(w, GPU, HD_CRITICAL_DISPLAY, false, "a");
	need(w, GPU, HD_CRITICAL_KEYBOARD, false, "b");
	check(w, true);
	assert_int_equal(w->findings.n, 2);
	assert_string_equal(w->findings.items[0].id, "critical-display");
	assert_string_equal(w->findings.items[1].id, "critical-keyboard");
}

/* As line 12 of a domain. */
static void allow(struct world *w, int index, enum hd_critical critical)
{
	w->allow = (struct hd_allow){ w->devices[index].addr, critical, 12 };
	w->request.n_allows = 1;
}

/* One finding that is no error, and whose rule it is. */
static void assert_told(struct world *w, const char *id, const char *sentence,
			const char *rule)
{
	const struct hd_finding *finding;

	check(w, false);
	assert_int_equal(w->findings.n, 1);
	finding = &w->findings.items[0];
	assert_string_equal(finding->id, id);
	assert_int_equal(finding->severity, HD_INFO);
	assert_string_equal(finding->message, sentence);
	if (rule)
		assert_string_equal(finding->rule, rule);
	else
		assert_null(finding->rule);
}

/* A [device] or [guest] that is about all of them. */
static struct hd_policy_section *about_all(struct world *w, bool of_guests)
{
	w->section = (struct hd_policy_section){ .of_guests = of_guests,
						 .name = (char *)"x" };
	w->guest = (char *)"*";
	w->section.devices = &w->pattern;
	w->section.n_devices = 1;
	w->section.guests = (struct hd_patterns){ &w->guest, 1 };
	w->policy.sections = &w->section;
	w->policy.n_sections = 1;
	return &w->section;
}

static void assert_rule(struct world *w, const char *rule)
{
	assert_string_equal(w->findings.items[0].rule, rule);
}

static void domain_allows_no_more_than_it_may(void **state)
{
	struct world *w = *state;
	struct hd_policy_section *section;

	need(w, GPU, HD_CRITICAL_DISPLAY, false, "a");
	w->policy.may_said = (struct hd_said){ "/etc/c", 3 };
	w->policy.may = HD_MAY_BIT(HD_CRITICAL_MOUNT);
	/* Nobody is told to write what wouldn't help. */
	assert_refused(
		w, "critical-display", "because the host needs it: a.",
		"The administrator of this host can change /etc/c, line 3");
	assert_rule(w, "/etc/c:3");
	allow(w, GPU, HD_CRITICAL_DISPLAY);
	assert_refused(
		w, "critical-display",
		"a; line 12 of the domain allows that, but /etc/c, line 3 (domains-may in [host]) doesn't let domains.",
		"The administrator of this host can change /etc/c, line 3");
	assert_rule(w, "/etc/c:3");
	w->policy.may = HD_MAY_BIT(HD_CRITICAL_DISPLAY);
	assert_told(
		w, "critical-allowed",
		"0000:01:00.0 goes although the host needs it: a; line 12 of the domain allows that (display), and /etc/c, line 3 (domains-may in [host]) lets it.",
		"/etc/c:3");
	section = about_all(w, true);
	section->may_said = (struct hd_said){ "/etc/d", 7 };
	assert_refused(w, "critical-display",
		       "but /etc/d, line 7 (domains-may in [guest x])",
		       "/etc/d, line 7");
	/* By hand it is the administrator who speaks. */
	w->allow.line = 0;
	assert_told(
		w, "critical-allowed",
		"0000:01:00.0 goes although the host needs it: a; the command line allows that (display).",
		NULL);
	w->request.domain = NULL;
	check(w, false);
	w->request.n_allows = 0;
	assert_refused(w, "critical-display", "can't be taken from the host",
		       "virt-hostdev bind --allow 0000:01:00.0=display");
	/* Where / lives nobody may, and no rule is to blame. */
	w->request.domain = "g";
	allow(w, GPU, HD_CRITICAL_DISPLAY);
	section->may = HD_MAY_ALL;
	w->critical_uses_of[0].root = true;
	assert_refused(w, "critical-display", "needs it: a.",
		       "can't be allowed");
	assert_null(w->findings.items[0].rule);
}

static void siblings_go_along_by_whose_leave(void **state)
{
	struct world *w = *state;
	struct hd_policy_section *section;

	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
	w->policy.may_said = (struct hd_said){ "/etc/c", 3 };
	w->policy.may = 0;
	assert_refused(w, "group-not-viable", "in the same group.",
		       "virsh nodedev-detach pci_0000_01_00_1");
	assert_null(strstr(w->findings.items[0].fix, "virt-hostdev allow"));
	w->request.siblings = HD_SIBLINGS_BIND;
	w->request.siblings_line = 5;
	assert_refused(
		w, "group-not-viable",
		"in the same group; line 5 of the domain would take that along, but /etc/c, line 3 (domains-may in [host]) doesn't let domains.",
		"The administrator of this host can change /etc/c, line 3");
	assert_rule(w, "/etc/c:3");
	/* What the host does by itself it does for this one, too. */
	w->policy.siblings = HD_SIBLINGS_BIND;
	assert_fine(w);
	w->request.siblings = HD_SIBLINGS_UNSAID;
	assert_fine(w);
	w->request.siblings = HD_SIBLINGS_REFUSE;
	check(w, true);
	w->policy.siblings = HD_SIBLINGS_REFUSE;
	w->request.siblings = HD_SIBLINGS_BIND;
	w->policy.may = HD_MAY_BIT(HD_MAY_SIBLINGS);
	assert_fine(w);
	/* It is the sibling that the host loses, and that decides. */
	section = about_all(w, false);
	assert_true(hd_device_pattern_parse("01:00.1", &w->pattern));
	section->may_said = (struct hd_said){ "/etc/d", 7 };
	check(w, true);
	assert_rule(w, "/etc/d:7");
	assert_true(hd_device_pattern_parse("01:00.0", &w->pattern));
	assert_fine(w);
}

static void kept_for_nobody_or_for_others(void **state)
{
	struct world *w = *state;
	struct hd_policy_section *section = about_all(w, false);
	char *owner = (char *)"win*";

	section->owners_said = (struct hd_said){ "/etc/d", 7 };
	assert_refused(
		w, "device-kept",
		"driver nouveau) can't be given to guest 'g': it is never given away, by /etc/d, line 7 (guests in [device x]).",
		"The administrator of this host can change /etc/d, line 7");
	assert_rule(w, "/etc/d:7");
	/* Not by hand either, whatever is allowed. */
	w->request.domain = NULL;
	assert_refused(w, "device-kept", "can't be taken from the host: it is",
		       "/etc/d, line 7");
	section->owners = (struct hd_patterns){ &owner, 1 };
	assert_fine(w);
	w->request.domain = "g";
	assert_refused(w, "device-kept",
		       "it is only for other guests, by /etc/d, line 7",
		       "/etc/d, line 7");
	w->request.domain = "win11";
	assert_fine(w);
	/* A sibling that would go along counts. */
	assert_true(hd_device_pattern_parse("01:00.1", &w->pattern));
	section->owners.n = 0;
	assert_fine(w);
	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
	w->policy.siblings = HD_SIBLINGS_BIND;
	assert_refused(
		w, "device-kept",
		"driver snd_hda_intel) would go with it, which is never given away",
		"/etc/d, line 7");
}

static void allowed_by_device_and_reason_alone(void **state)
{
	struct world *w = *state;

	need(w, GPU, HD_CRITICAL_DISPLAY, false, "a");
	allow(w, GPU, HD_CRITICAL_DISPLAY);
	assert_told(
		w, "critical-allowed",
		"0000:01:00.0 goes although the host needs it: a; line 12 of the domain allows that (display), and the host's configuration says nothing against it.",
		NULL);
	/* Where / lives nobody can allow it. */
	w->critical_uses_of[0].root = true;
	assert_refused(w, "critical-display", "needs it",
		       "This can't be allowed");
	w->critical_uses_of[0].root = false;
	w->allow.critical = HD_CRITICAL_KEYBOARD;
	check(w, true);
	assert_int_equal(w->findings.n, 2);
	assert_string_equal(w->findings.items[1].id, "allow-unused");
	allow(w, NIC, HD_CRITICAL_DISPLAY);
	check(w, true);
	assert_int_equal(w->findings.n, 2);
	assert_string_equal(w->findings.items[1].id, "allow-unused");
	assert_int_equal(w->findings.items[1].severity, HD_WARNING);
}

static void allowance_for_what_the_guest_has_is_no_mistake(void **state)
{
	struct world *w = *state;

	allow(w, GPU, HD_CRITICAL_DISPLAY);
	assert_warned(w, "allow-unused", "allowed for 0000:01:00.0");
	claim_for(w, MINE, "g", GPU);
	assert_fine(w);
	w->situation.claims.n = 0;
	w->devices[GPU].driver = (char *)"vfio-pci";
	w->devices[GPU].vfio = true;
	assert_fine(w);
}

static void interface_that_is_up_is_named(void **state)
{
	struct world *w = *state;

	w->assigns[0].addr = w->devices[NIC].addr;
	w->nodes_of[0] = (struct hd_node){ .addr = w->devices[NIC].addr,
					   .kind = HD_NODE_NET,
					   .name = (char *)"eth0" };
	w->situation.nodes.n = 1;
	assert_fine(w);
	w->nodes_of[0].up = true;
	assert_warned(w, "interface-up",
		      "Interface eth0 of 0000:02:00.0 is up");
}

static void pin(struct world *w, enum hd_identity_match match)
{
	w->match.match = match;
	w->request.n_pins = w->situation.pin_matches.n = 1;
}

static void no_pinned(struct world *w)
{
	pin(w, HD_MATCH_DIFFERENT);
}

static void no_mark_of_its_own(struct world *w)
{
	pin(w, HD_MATCH_ALIKE);
	w->match.n_elsewhere = 1;
}

static void no_use_of_the_pin(struct world *w)
{
	pin(w, HD_MATCH_SAME);
	w->pin.addr = w->devices[NIC].addr;
}

static void no_device(struct world *w)
{
	w->assigns[0].addr = addr("77:00.0");
}

static void no_leave(struct world *w)
{
	about_all(w, false)->owners_said = (struct hd_said){ "/etc/d", 7 };
}

static void no_answer(struct world *w)
{
	w->devices[GPU].dead = true;
}

static void no_endpoint(struct world *w)
{
	w->devices[GPU].bridge = true;
}

static void no_vf(struct world *w)
{
	w->assigns[0].source = HD_SOURCE_INTERFACE;
}

static void no_pf(struct world *w)
{
	no_vf(w);
	w->devices[GPU].is_vf = true;
	w->devices[GPU].pf_netdev_down = (char *)"eth7";
}

static void no_group(struct world *w)
{
	w->devices[GPU].group = HD_NO_GROUP;
}

static void no_group_yet(struct world *w)
{
	no_group(w);
	w->devices[GPU].driver = NULL;
	w->situation.inventory.late = true;
}

static void no_iommu(struct world *w)
{
	no_group(w);
	w->situation.inventory.iommu = false;
}

static void no_word_of_the_kernel(struct world *w)
{
	w->devices[GPU].override_unknown = true;
}

static void no_free_pf(struct world *w)
{
	w->devices[GPU].numvfs = 1;
}

static void no_pci(struct world *w)
{
	w->groups[0].foreign = (char *)"arm-smmu.0";
}

static void no_free_device(struct world *w)
{
	claim_for(w, OTHER, "first", GPU);
}

static void no_free_group(struct world *w)
{
	claim_for(w, OTHER, "first", AUDIO);
}

static void no_settled_claim(struct world *w)
{
	w->devices[GPU].driver = (char *)"vfio-pci";
	w->devices[GPU].vfio = true;
	unsettled_for(w, OTHER, false);
}

static void no_viable_group(struct world *w)
{
	w->devices[AUDIO].driver = (char *)"snd_hda_intel";
}

static void no_module(struct world *w)
{
	w->modules[0] = HD_MODULE_MISSING;
}

static void no_allowed_module(struct world *w)
{
	w->modules[0] = HD_MODULE_BLACKLISTED;
}

static void no_plain_module(struct world *w)
{
	w->modules[0] = HD_MODULE_COMMAND;
}

static void no_vfio_driver(struct world *w)
{
	w->modules[0] = HD_MODULE_NOT_VFIO;
}

static void no_modules(struct world *w)
{
	w->modules[0] = HD_MODULE_UNKNOWN;
}

static void no_node(struct world *w)
{
	w->situation.vfio_node = false;
}

static void no_use_of_the_allowance(struct world *w)
{
	w->allow.addr = w->devices[GPU].addr;
	w->request.n_allows = 1;
}

static void no_peace(struct world *w)
{
	hold(w, GPU, HD_HOLD_VFIO, true, "/dev/vfio/1");
}

static void no_idle_interface(struct world *w)
{
	w->nodes_of[0] = (struct hd_node){ .addr = w->devices[GPU].addr,
					   .kind = HD_NODE_NET,
					   .name = (char *)"eth0",
					   .up = true };
	w->situation.nodes.n = 1;
}

/* The GPU goes with what the host shows on it, and its audio with it. */
static void hand_over(struct world *w)
{
	w->devices[GPU].class_code = 0x030000;
	w->request.hand_over = HD_HAND_OVER_YES;
	w->request.hand_over_line = 5;
	w->shown_of[GPU] =
		(struct hd_shown){ .handed_over = true, .card = true };
	w->situation.screens.of = w->shown_of;
	w->situation.screens.n = N_DEVICES;
	w->situation.screens.users = w->users_of;
}

static void show(struct world *w, enum hd_screen_kind kind, const char *name)
{
	w->shows = (struct hd_screen_item){ kind, (char *)name, NULL };
	w->shown_of[GPU].screen = (struct hd_screen){ &w->shows, 1 };
}

/* A process of somebody's has the card open. */
static void use(struct world *w, enum hd_user_fate fate, const char *unit)
{
	hold(w, GPU, HD_HOLD_CHAR, true, "/dev/dri/card0");
	w->users_of[0] = (struct hd_user){ .fate = fate,
					   .unit = (char *)unit,
					   .name = (char *)"anna" };
	w->situation.screens.n_users = 1;
}

static void no_leave_for_the_screen(struct world *w)
{
	hand_over(w);
	w->policy.may = 0;
	w->policy.may_said = (struct hd_said){ "/etc/virt-hostdev.conf", 3 };
}

static void no_word_of_the_screen(struct world *w)
{
	hand_over(w);
	w->shown_of[GPU].unknown = (char *)"/sys/class/drm can't be read";
}

static void no_leave_for_the_user(struct world *w)
{
	hand_over(w);
	use(w, HD_USER_STAYS, "session-3.scope");
}

static void no_word_of_the_user(struct world *w)
{
	hand_over(w);
	use(w, HD_USER_UNKNOWN, NULL);
}

static void no_consoles_any_more(struct world *w)
{
	hand_over(w);
	show(w, HD_SCREEN_LOST, "(M) frame buffer device");
}

static void no_driver_of_its_own(struct world *w)
{
	hand_over(w);
	w->shown_of[GPU].shared = true;
	w->shown_of[GPU].other = w->devices[LONER].addr;
}

static void no_screen_meanwhile(struct world *w)
{
	hand_over(w);
	show(w, HD_SCREEN_CONSOLE, "(M) frame buffer device");
}

static void no_card_to_hand_over(struct world *w)
{
	w->request.hand_over = HD_HAND_OVER_YES;
}

static void no_life_after_the_screen(struct world *w)
{
	w->situation.caller.ends = (char *)"gdm.service";
}

/* A screen that comes back isn't lost, whoever needs it; only a driver brings
 * it. */
static void only_display_may_be_handed_over(void **state)
{
	struct world *w = *state;

	need(w, GPU, HD_CRITICAL_DISPLAY, false, "card0 → only display");
	w->devices[GPU].class_code = 0x030000;
	assert_refused(w, "critical-display", "because the host needs it: ",
		       "To hand the screen over, and get it back: virt-hostdev "
		       "allow --hand-over-display g");
	hand_over(w);
	assert_fine(w);
	w->devices[GPU].driver = NULL;
	assert_refused(
		w, "critical-display",
		"0000:01:00.0 (Device 10de:1f06, IOMMU group 1, no driver) "
		"can't be given to guest 'g', because the host needs it: card0 → only display; "
		"it is handed over, but the host has no driver for it that "
		"would bring the screen back.",
		"If the host can do without: ");
}

/* Who may be stopped is; nobody else is. */
static void users_of_a_screen_are_named(void **state)
{
	struct world *w = *state;

	no_leave_for_the_user(w);
	assert_refused(
		w, "screen-held",
		"0000:01:00.0 (Device 10de:1f06, IOMMU group 1, driver nouveau) "
		"can't be given to guest 'g' with the host's screen while "
		"process 812 (Xorg) of anna in session-3.scope uses it, and "
		"isn't to be stopped.",
		"Let it end, or let it be stopped: virt-hostdev allow "
		"--hand-over-display --may-stop session-3.scope g");
	w->situation.screens.no_manager = (char *)"there is no systemd";
	assert_refused(
		w, "screen-held",
		"0000:01:00.0 (Device 10de:1f06, IOMMU group 1, driver nouveau) "
		"can't be given to guest 'g' with the host's screen while "
		"process 812 (Xorg) of anna in session-3.scope uses it, and "
		"isn't to be stopped; nothing can be stopped here: there is no "
		"systemd.",
		"Let it end, or end it: kill 812");
	w->users_of[0].fate = HD_USER_ENDS;
	show(w, HD_SCREEN_UNIT, "lightdm.service");
	check(w, false);
	assert_int_equal(w->findings.n, 1);
	assert_string_equal(
		w->findings.items[0].message,
		"The host's screen goes with 0000:01:00.0: lightdm.service "
		"will be stopped (process 812 (Xorg) of anna). It comes back "
		"with the card.");
	/* logind has it open for whoever else does. */
	w->users_of[0].fate = HD_USER_LETS_GO;
	w->shown_of[GPU].screen.n = 0;
	assert_fine(w);
	w->holders_of[0].others = 3;
	assert_refused(w, "screen-user-unknown",
		       "0000:01:00.0 (Device 10de:1f06, IOMMU group 1, driver "
		       "nouveau) can't be given to guest 'g' with the host's "
		       "screen: more processes use it than can be told apart.",
		       "fuser");
}

/* What the administrator presets he lets. */
static void preset_of_the_host_is_its_leave(void **state)
{
	struct world *w = *state;

	no_leave_for_the_screen(w);
	assert_refused(
		w, "hand-over-forbidden",
		"0000:01:00.0 (Device 10de:1f06, IOMMU group 1, driver nouveau) "
		"can't be given to guest 'g': line 5 of the domain hands the "
		"host's screen over, but /etc/virt-hostdev.conf, line 3 "
		"(domains-may in [host]) doesn't let domains.",
		"administrator");
	w->request.hand_over = HD_HAND_OVER_UNSAID;
	assert_fine(w);
}

/* What each rule is there for; those of critical uses are alike. */
static void (*const breaks[HD_N_RULES])(struct world *w) = {
	[HD_RULE_PIN_MISMATCH] = no_pinned,
	[HD_RULE_PIN_BY_PLACE] = no_mark_of_its_own,
	[HD_RULE_PIN_UNUSED] = no_use_of_the_pin,
	[HD_RULE_DEVICE_MISSING] = no_device,
	[HD_RULE_DEVICE_KEPT] = no_leave,
	[HD_RULE_DEVICE_DEAD] = no_answer,
	[HD_RULE_NOT_ENDPOINT] = no_endpoint,
	[HD_RULE_NOT_A_VF] = no_vf,
	[HD_RULE_PF_DOWN] = no_pf,
	[HD_RULE_NO_IOMMU] = no_iommu,
	[HD_RULE_NO_GROUP] = no_group,
	[HD_RULE_GROUP_UNKNOWN] = no_group_yet,
	[HD_RULE_DEVICE_LOCKED] = no_word_of_the_kernel,
	[HD_RULE_PF_HAS_VFS] = no_free_pf,
	[HD_RULE_GROUP_FOREIGN] = no_pci,
	[HD_RULE_CLAIMED] = no_free_device,
	[HD_RULE_GROUP_CLAIMED] = no_free_group,
	[HD_RULE_CLAIM_UNSETTLED] = no_settled_claim,
	[HD_RULE_GROUP_NOT_VIABLE] = no_viable_group,
	[HD_RULE_DRIVER_MISSING] = no_module,
	[HD_RULE_DRIVER_BLACKLISTED] = no_allowed_module,
	[HD_RULE_DRIVER_COMMAND] = no_plain_module,
	[HD_RULE_DRIVER_NOT_VFIO] = no_vfio_driver,
	[HD_RULE_DRIVER_UNKNOWN] = no_modules,
	[HD_RULE_VFIO_NODE] = no_node,
	[HD_RULE_ALLOW_UNUSED] = no_use_of_the_allowance,
	[HD_RULE_HAND_OVER_FORBIDDEN] = no_leave_for_the_screen,
	[HD_RULE_SCREEN_UNKNOWN] = no_word_of_the_screen,
	[HD_RULE_SCREEN_HELD] = no_leave_for_the_user,
	[HD_RULE_SCREEN_USER_UNKNOWN] = no_word_of_the_user,
	[HD_RULE_SCREEN_LOST] = no_consoles_any_more,
	[HD_RULE_SCREEN_SHARED] = no_driver_of_its_own,
	[HD_RULE_SCREEN_GOES] = no_screen_meanwhile,
	[HD_RULE_HAND_OVER_UNUSED] = no_card_to_hand_over,
	[HD_RULE_CALLER_ENDS] = no_life_after_the_screen,
	[HD_RULE_DEVICE_HELD] = no_peace,
	[HD_RULE_INTERFACE_UP] = no_idle_interface,
	[HD_RULE_HOLDERS_UNKNOWN] = no_sight_of_holders,
};

/* The one finding is the rule's, as severe as the table says. */
static void assert_found(struct world *w, enum hd_rule_id rule)
{
	const struct hd_rule *row = &hd_rules[rule];

	check(w, row->severity == HD_ERROR);
	assert_int_equal(w->findings.n, 1);
	assert_string_equal(w->findings.items[0].id, row->id);
	assert_int_equal(w->findings.items[0].severity, row->severity);
	assert_int_equal(w->findings.items[0].assign,
			 row->of_request ? HD_WHOLE_DOMAIN : 0);
}

/* But those that are found while the situation is read: see test_examine.c. */
static void every_rule_is_seen_bad(void **state)
{
	bool seen[HD_N_RULES] = { false };
	void *world;

	(void)state;
	for (int critical = 0; critical <= HD_CRITICAL_REGION; critical++) {
		enum hd_rule_id rule =
			hd_rule_of_critical((enum hd_critical)critical);

		set_up(&world);
		need(world, GPU, (enum hd_critical)critical, false, "a");
		assert_found(world, rule);
		assert_string_equal(
			hd_rules[rule].id + strlen("critical-"),
			hd_critical_name((enum hd_critical)critical));
		seen[rule] = true;
		tear_down(&world);
	}
	for (size_t i = 0; i < HD_N_RULES; i++) {
		if (!hd_rules[i].judge || seen[i])
			continue;
		if (!breaks[i])
			fail_msg("nothing breaks '%s'", hd_rules[i].id);
		set_up(&world);
		breaks[i](world);
		assert_found(world, (enum hd_rule_id)i);
		tear_down(&world);
	}
}

/* An id says one thing, and a rule of doctor's has all its words. */
static void table_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < HD_N_RULES; i++) {
		const struct hd_rule_row *row = &hd_rules[i].row;

		assert_non_null(hd_rules[i].id);
		assert_ptr_equal(hd_rule_find(hd_rules[i].id), &hd_rules[i]);
		if (row->id)
			assert_true(row->group && row->title && row->source &&
				    row->fine);
	}
	assert_null(hd_rule_find("no-such-rule"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(driverless_and_port_siblings_are_fine),
		TEST(host_driver_of_sibling_blocks),
		TEST(all_blockers_are_named),
		TEST(harmless_drivers_of_siblings),
		TEST(sibling_for_the_same_guest_is_fine),
		TEST(sibling_that_may_be_taken_along_is_fine),
		TEST(missing_device),
		TEST(bridge),
		TEST(no_group_here_or_anywhere),
		TEST(group_that_comes_with_a_driver),
		TEST(platform_device_in_the_group),
		TEST(device_of_another_guest),
		TEST(sibling_of_another_guest),
		TEST(claim_that_is_to_be_settled),
		TEST(without_uuid_the_name_counts),
		TEST(interface_needs_a_vf_with_its_pf_up),
		TEST(device_that_does_not_answer),
		TEST(pf_with_vfs),
		TEST(driver_that_cannot_be_had),
		TEST(vfio_node),
		TEST(each_device_has_its_own_findings),
		TEST(who_would_block_or_break_refuses),
		TEST(holder_of_a_sibling_counts_when_it_goes_along),
		TEST(who_cannot_be_seen_may_hold_it),
		TEST(own_qemu_holds_what_it_has),
		TEST(interface_that_is_up_is_named),
		TEST(what_the_host_needs_is_refused_with_its_chain),
		TEST(only_display_may_be_handed_over),
		TEST(users_of_a_screen_are_named),
		TEST(preset_of_the_host_is_its_leave),
		TEST(need_of_a_sibling_counts_when_it_goes_along),
		TEST(all_needs_are_named),
		TEST(allowed_by_device_and_reason_alone),
		TEST(domain_allows_no_more_than_it_may),
		TEST(siblings_go_along_by_whose_leave),
		TEST(kept_for_nobody_or_for_others),
		TEST(allowance_for_what_the_guest_has_is_no_mistake),
		cmocka_unit_test(every_rule_is_seen_bad),
		cmocka_unit_test(table_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
