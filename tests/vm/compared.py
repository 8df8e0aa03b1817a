# SPDX-License-Identifier: GPL-2.0-or-later
"""The same guests on the real kernel and on the fake one, which is told what the real
one has: the hook makes the same changes on both, so that the fake can't drift.

    address  QEMU id       device         driver         group
    01:00.0  nic           e1000e         e1000e         of its own
    02:00.0  nvme          nvme           nvme           of its own
    03:00.0  edu           edu            none           of its own
    04:00.0  gpu           bochs-display  bochs-drm      \\
    04:00.1  gpu-sound     intel-hda      snd_hda_intel  / one device, one group
    05:00.0  four          bridge         none           \\
    06:01.0  four-nic      e1000          e1000           |
    06:02.0  four-nic-too  e1000          e1000           > one group
    06:03.0  four-sound    AC97           snd_intel8x0    |
    06:04.0  four-edu      edu            none           /
    07:00.0  igb           igb            igb            of its own
    08:00.0  usb           qemu-xhci      xhci_hcd       of its own
    09:00.0  virtio        virtio-net     virtio-pci     of its own
"""

import collections
import re
import sys
import unittest
import uuid

from devices import nic, root_port
from domain import domain, hostdev
from hosts import TOP
from scenarios import _Emulated

sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests" / "fakekernel")]

import attributes  # noqa: E402
import fakekernel  # noqa: E402
from fakekernel import FakeKernel  # noqa: E402

NIC, NVME, EDU = "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"
GPU, GPU_SOUND = "0000:04:00.0", "0000:04:00.1"
FOUR_NIC, FOUR_NIC_TOO, FOUR_SOUND = "0000:06:01.0", "0000:06:02.0", "0000:06:03.0"
IGB, USB, VIRTIO = "0000:07:00.0", "0000:08:00.0", "0000:09:00.0"
KINDS = (NIC, NVME, GPU, GPU_SOUND, FOUR_NIC, FOUR_NIC_TOO, FOUR_SOUND, IGB, USB, VIRTIO)

DEVICES = [
    root_port("rp-nic", 4),
    nic("e1000e", "nic", "rp-nic", 0x01),
    root_port("rp-nvme", 5),
    "-drive file=null-co://,if=none,format=raw,id=nvme-data",
    "-device nvme,id=nvme,bus=rp-nvme,drive=nvme-data,serial=nvme",
    root_port("rp-edu", 6),
    "-device edu,id=edu,bus=rp-edu",
    root_port("rp-gpu", 7),
    "-device bochs-display,id=gpu,bus=rp-gpu,addr=00.0,multifunction=on",
    "-device intel-hda,id=gpu-sound,bus=rp-gpu,addr=00.1",
    root_port("rp-four", 8),
    "-device pcie-pci-bridge,id=four,bus=rp-four",
    nic("e1000", "four-nic", "four", 0x02, ",addr=1"),
    nic("e1000", "four-nic-too", "four", 0x03, ",addr=2"),
    "-audiodev none,id=silence",
    "-device AC97,id=four-sound,bus=four,addr=3,audiodev=silence",
    "-device edu,id=four-edu,bus=four,addr=4",
    root_port("rp-igb", 9),
    nic("igb", "igb", "rp-igb", 0x04),
    root_port("rp-usb", 10),
    "-device qemu-xhci,id=usb,bus=rp-usb",
    root_port("rp-virtio", 11),
    nic("virtio-net-pci", "virtio", "rp-virtio", 0x05),
]
MODULES = "bochs snd_hda_intel snd_intel8x0 xhci_pci virtio_net bridge bfq vfio-pci"

def ours(text):
    return f"<h:hostdev xmlns:h='urn:virt-hostdev:1'>{text}</h:hostdev>"


SIBLINGS = "<h:siblings policy='bind'/>"

# It is the host's only one.
DISPLAY = f"<h:allow address='{GPU}' critical='display'/>"

HOOK = TOP / "build" / "gcc" / "hooks" / "qemu"

# Of drivers the fake kernel has to be told what sysfs doesn't say.
DRIVER_OPTIONS = {"vfio-pci": "vfio", "pcieport": "managed-dma"}

LOOK = """
cd /sys/bus/pci/devices
for device in *; do
	bridge=
	[ -e $device/secondary_bus_number ] && bridge=bridge
	read -r vendor <$device/vendor; read -r id <$device/device; read -r class <$device/class
	read -r subvendor <$device/subsystem_vendor; read -r subdevice <$device/subsystem_device
	read -r revision <$device/revision
	echo $device $(realpath $device) $vendor:$id $class $subvendor:$subdevice $revision \
		$(basename $(realpath $device/iommu_group)) $bridge
done
"""

# Runs for each event that the kernel tells of; a mark has a UUID.
NOTE = """#!/bin/busybox sh
if [ "$SUBSYSTEM" = pci ]; then
	echo "$ACTION $PCI_SLOT_NAME${DRIVER:+ }$DRIVER $SYNTH_UUID" >>/run/noted
fi
"""

# Each process has a file of its own, which holds its writes in their order.
TRACE = """
rm -rf /run/trace
mkdir /run/trace
strace -ff -o /run/trace/p -y -s 4096 -e trace=write,pwrite64,writev -e signal=none \
	/etc/libvirt/hooks/qemu g EVENT - <<'END'
XML
END
"""

REAL_WRITE = re.compile(r'^write\(\d+</sys/([^>]*)>, "(.*)", \d+\) += (.*)$')


def real_writes(traces):
    """[(path, text, result)] of what strace has seen of sysfs."""
    found = []
    for line in traces.splitlines():
        # Whatever writes to sysfs some other way is found as well, and fails.
        if "</sys/" in line:
            path, text, result = REAL_WRITE.match(line).groups()
            text = text.encode().decode("unicode_escape")
            result = result.split()[1] if result.startswith("-1") else "OK"
            found.append((path, text, result))
    return found


def fake_writes(lines):
    """The same of the fake kernel's log."""
    found = []
    for line in lines:
        path, text, result = re.match(r"write \d+ (\S+) (\S+) -> (\S+)$", line).groups()
        text = re.sub("%(..)", lambda code: chr(int(code[1], 16)), text)
        found.append((path, text, result))
    return found


def by_device(items, device_of):
    """Between devices there is no order: they are changed at the same time."""
    sorted_out = collections.defaultdict(list)
    for item in items:
        sorted_out[device_of(item)].append(item)
    return dict(sorted_out)


ADDRESS = re.compile(r"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b")


def device_written_to(write):
    """The one whose file it is, or whom the text names."""
    path, text, _ = write
    return (ADDRESS.findall(path) or [text])[-1]


def second_word(line):
    """Or the device, where that is a path."""
    return ADDRESS.findall(line.split()[1])[-1]


def bindings(changes):
    """The changes that the kernel tells of; it doesn't name a driver that is gone."""
    for line in changes:
        if line.startswith("bind "):
            yield line
        elif line.startswith("unbind "):
            yield line.rpartition(" ")[0]


def changes_of(writes, before):
    """What a device's writes change, in the fake kernel's words; @before is its state."""
    address, _, override = before.split()
    for path, text, result in writes:
        folder, attribute = path.split("/")[-2:]
        assert result == "OK", result
        if attribute == "driver_override":
            new = text.strip() or "-"
            yield f"override {address} {override} {new}"
            override = new
        elif attribute in ("bind", "unbind"):
            yield f"{attribute} {text} {folder}"
        else:
            yield f"set {path} {text}"


SYSFS = "/sys/bus/pci/devices"

# Of each device all files, as "ADDRESS PATH WRITABLE VALUE". What is left out is large or
# does something when it is read.
LIST = r"""
perl -e '
sub walk {
	my ($top, $dir) = @_;
	opendir my $folder, "$top$dir" or return;
	for my $name (sort readdir $folder) {
		my $path = "$dir$name";
		next if $name =~ /^\.\.?$/ or -l "$top$path";
		walk($top, "$path/") if -d "$top$path";
		next if not -f "$top$path";
		next if $path =~ m{^(resource\d+(_wc|_resize)?|rom|config|vpd|sriov_numvfs)$};
		my ($mode, $value, $file) = ((stat "$top$path")[2], "");
		if ($mode & 0444) {
			(open $file, "<", "$top$path" and defined sysread $file, $value, 4096)
				or $value = $!;
		}
		$value =~ s/\n$//; $value =~ s/[^ -~]/?/g;
		print join("\t", substr($top, 21, 12), $path, $mode & 0222 ? 1 : 0, $value), "\n";
	}
}
walk("/sys/bus/pci/devices/$_/", "") for @ARGV;
' DEVICES
"""

# What the host has set of them, in a bridge and up; and the end of it: interfaces and
# disks are new ones when their driver has come back.
SET = f"""
set -e
for address in {' '.join(KINDS)}; do
	echo auto >{SYSFS}/$address/power/control
done
ip link add name br-lab type bridge
n=0
for net in $(ls -d {SYSFS}/{NIC}/net/* {SYSFS}/{IGB}/net/* {SYSFS}/{VIRTIO}/virtio*/net/*); do
	ip link set ${{net##*/}} name lab$n mtu 1400 txqueuelen 77 alias "the lab's $n"
	n=$((n + 1))
done
ip link set lab0 master br-lab
echo 5 >{SYSFS}/{NIC}/net/lab0/brport/path_cost
ip link set lab0 up
cd /sys/block/nvme0n1/queue
echo bfq >scheduler
echo 64 >read_ahead_kb
echo 2 >nomerges
echo 0 >{SYSFS}/{NIC}/d3cold_allowed
"""
UNSET = f"""
ip link del br-lab
for address in {NIC} {IGB} {VIRTIO} {NVME}; do
	driver=$(realpath {SYSFS}/$address/driver)
	echo $address >$driver/unbind
	echo $address >$driver/bind
done
for address in {' '.join(KINDS)}; do
	echo on >{SYSFS}/$address/power/control
done
echo 1 >{SYSFS}/{NIC}/d3cold_allowed
"""

# Names that end in a number, which is another one each time.
NUMBERS = re.compile(r"(\b(?:hwmon|ptp|card|pcmC|controlC|hwC|hdaudioC|input|event|wakeup|renderD|"
                     r"controlD|i2c-|fb|usb|virtio))[0-9]+")

# Not equal before and after, and why.
CHANGES = [
    r"irq|msi_irqs/.*",  # interrupts are numbered anew
    # What it does right now, and counts of it: asleep, its link is slow.
    r"(.*/)?power/(runtime_.*|wakeup_.*|.*duration)|power_state|current_link_.*",
    r".*/wakeup/.*|.*/statistics/.*|.*/stat|.*/inflight|.*/byte_queue_limits/.*|.*/urbnum",
    r"(.*/)?(dev|uevent|number|busnum|devnum|diskseq)|[0-9]-0:.*",  # named by numbers
    # An interface is a new one, and its link is negotiated anew.
    r".*/(ifindex|iflink|name_assign_type|carrier.*|operstate|speed|duplex)",
    r".*/brport/(state|change_ack|config_pending|designated_.*|port_.*|.*_timer)",
]


@unittest.skipIf(fakekernel.unavailable(), fakekernel.unavailable())
class Compared(_Emulated):
    """What is changed, in which order, and what becomes of it."""

    options = {"devices": DEVICES}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.sh(f"modprobe -a {MODULES}")
        cls.host.put("/run/note", NOTE)
        cls.host.sh("chmod 755 /run/note; busybox uevent /run/note >/dev/null 2>&1 &")

    def tearDown(self):
        """What one scenario lost must not cost the next one."""
        self.host.sh("virt-hostdev recover", check=False)
        super().tearDown()

    def test_one_device(self):
        self.compare(NIC)

    def test_two_devices_in_two_groups(self):
        self.compare(NIC, NVME)

    def test_group_of_four_with_siblings_bound_along(self):
        self.compare(FOUR_NIC, metadata=ours(SIBLINGS), also={FOUR_NIC_TOO, FOUR_SOUND})

    def test_device_with_two_functions(self):
        self.compare(GPU, GPU_SOUND, metadata=ours(DISPLAY))

    def test_function_whose_sibling_is_bound_along(self):
        self.compare(GPU_SOUND, metadata=ours(SIBLINGS + DISPLAY), also={GPU})

    def test_device_without_a_driver(self):
        self.compare(EDU)

    def test_override_that_was_set_before(self):
        attribute = f"/sys/bus/pci/devices/{NIC}/driver_override"
        self.host.sh(f"echo e1000e >{attribute}")
        try:
            self.compare(NIC)
        finally:
            self.host.sh(f"echo >{attribute}")

    def test_nvme_nic_and_gpu(self):
        self.compare(NVME, NIC, GPU, GPU_SOUND, metadata=ours(DISPLAY))

    def test_settings_that_are_lost(self):
        """Runtime power management is what vfio-pci takes away; the rest stays, and is not
        written again."""
        power = {f"{SYSFS}/{address}/power/control": "auto" for address in (NIC, EDU)}
        self.compare(NIC, EDU, settings={**power, f"{SYSFS}/{NIC}/d3cold_allowed": "0",
                                         f"{SYSFS}/{NIC}/reset_method": "pm"})

    # All that can be read of a device

    def test_every_writable_attribute_has_a_row(self):
        listing = self.listing()
        missing = {path for values in listing.values() for path, (writable, _) in values.items()
                   if writable and not attributes.row_of(path)}
        self.assertEqual(sorted(missing), [])
        for address in KINDS:
            self.assertIn("power/control", listing[address])

    def test_all_kinds_come_back_as_they_were(self):
        """A NIC of each driver, disk, USB controller, sound and graphics card."""
        self.wait_for(lambda: self.host.sh("test -e /dev/nvme0n1", check=False).rc == 0)
        self.define("g", *(hostdev(address, "no") for address in KINDS), metadata=ours(DISPLAY))
        try:
            self.host.sh(SET)
            before = self.listing()
            said = self.call_hook("g", "prepare begin -")
            self.assertRegex(said, r"\A(?s:The loss of 'display' .*|Interface lab0 .*)\Z")
            for address in KINDS:
                self.assertEqual(before[address]["power/control"][1], "auto")
                self.assertEqual(self.driver(address), "vfio-pci")
            self.assertEqual(self.call_hook("g", "release end destroyed"), "")
            after = self.listing()
        finally:
            self.host.sh(UNSET, check=False)
        differ = {address: {path for path in {**before[address], **after[address]}
                            if before[address].get(path) != after[address].get(path)}
                  for address in KINDS}
        self.assertEqual({(address, path): after[address].get(path)
                          for address in KINDS for path in differ[address]},
                         {(address, path): before[address].get(path)
                          for address in KINDS for path in differ[address]})

    def listing(self):
        """{address: {path: (writable, value)}}, but for what changes by itself."""
        found = {address: {} for address in KINDS}
        for line in self.host.sh(LIST.replace("DEVICES", " ".join(KINDS))).out.splitlines():
            address, path, writable, value = line.split("\t")
            if not any(re.fullmatch(pattern, path) for pattern in CHANGES):
                found[address][NUMBERS.sub(r"\g<1>0", path)] = (int(writable), value)
        return found

    # Both kernels

    def compare(self, *assigned, metadata="", also=frozenset(), settings=None):
        """Prepares and releases a guest on both; @also are the siblings that are taken.
        settings: what is written to which files before."""
        settings = settings or {}
        xml = domain("g", *(hostdev(address, "no") for address in assigned), metadata=metadata)
        start = self.states()
        was = {path: self.host.get(path).strip() for path in settings}
        try:
            for path, value in settings.items():
                self.host.sh(f"echo {value} >{path}")
            self.compare_both(xml, {*assigned, *also}, start, settings)
            self.assertEqual({path: self.host.get(path).strip() for path in settings}, settings)
        finally:
            for path, value in was.items():
                self.host.sh(f"echo {value} >{path}")

    def compare_both(self, xml, changed, start, settings):
        with FakeKernel(self.description()) as fake:
            for path, value in settings.items():
                self.assertEqual(fake.write(path, value + "\n"), "OK")
            self.assertEqual(fake.state().splitlines(), list(start.values()))
            self.compare_event("prepare begin", xml, fake, changed)
            self.compare_event("release end", xml, fake, changed)
            self.assertEqual(fake.claims(), {})
        self.assertEqual(self.states(), start)
        self.assertEqual(self.status(), {})

    def compare_event(self, event, xml, fake, changed):
        before = self.states()
        fake.recount()
        result = fake.run([HOOK, "g", *event.split(), "-"], stdin=xml)
        self.assertEqual((result.rc, result.out), (0, ""))
        # It has no display to lose.
        self.assertRegex(result.err, r"^(The loss of 'display' is allowed for .*\n)?$")
        self.listen()
        result = self.host.sh(TRACE.replace("EVENT", event).replace("XML", xml))
        self.assertEqual(result.out, "")
        # It has.
        self.assertRegex(result.err, r"^(\S+ goes although the host needs it: .*\n)*$")
        told = self.listen()
        writes = by_device(real_writes(self.host.sh("cat /run/trace/*").out), device_written_to)
        self.assertEqual(set(writes), changed)
        self.assertEqual(by_device(fake_writes(fake.written()), device_written_to), writes)
        self.assertEqual(by_device(fake.changes(), second_word),
                         {address: list(changes_of(each, before[address]))
                          for address, each in writes.items()})
        self.assertEqual(by_device(bindings(fake.changes()), second_word),
                         by_device(told, second_word))
        self.assertEqual(fake.state().splitlines(), list(self.states().values()))

    # The real one

    def listen(self):
        """What the kernel told of drivers since the last time. When its mark has come, so
        has all that it said before."""
        mark = str(uuid.uuid4())
        # More than once: at first there may be nobody yet who notes it.
        self.wait_for(lambda: self.host.sh(
            f"echo change {mark} >/sys/bus/pci/devices/0000:00:00.0/uevent; "
            f"grep -s {mark} /run/noted", check=False).rc == 0)
        lines = self.host.sh("cat /run/noted; rm /run/noted").out.splitlines()
        return [line.strip() for line in lines if line.startswith(("bind ", "unbind "))]

    def states(self):
        """What the fake kernel should say of each device."""
        drivers, overrides = {}, {}
        for line in self.state():
            if "/driver_override:" in line:
                address, override = line.split("/driver_override:")
                overrides[address] = "-" if override == "(null)" else override
            else:
                address, driver = line.split()
                drivers[address] = driver
        return {address: f"{address} {drivers.get(address, '-')} {override}"
                for address, override in overrides.items()}

    def description(self):
        """The host, for the fake kernel."""
        states = self.states()
        drivers, lines = {"vfio-pci": set()}, []
        devices = [line.split() for line in self.host.sh(LOOK).out.splitlines()]
        # A bridge comes before what is behind it.
        for address, path, number, class_, sub, revision, group, *bridge in sorted(
                devices, key=lambda words: words[1].count("/")):
            _, driver, override = states[address].split()
            number = number.replace("0x", "")
            above = path.split("/")[-2]
            options = [f"sub={sub.replace('0x', '')}", f"rev={revision}", f"group={group}",
                       *bridge]
            if above in states:
                options.append(f"behind={above}")
            if driver != "-":
                options.append(f"driver={driver}")
                drivers.setdefault(driver, set())
            if driver not in ("-", "vfio-pci"):
                drivers[driver].add(number)
            if override != "-":
                options.append(f"override={override}")
            lines.append(f"device {address} {number} {class_.replace('0x', '')} "
                         + " ".join(options))
        return "\n".join(
            [" ".join(["driver", name, DRIVER_OPTIONS.get(name, ""), *sorted(ids)])
             for name, ids in drivers.items()] + lines) + "\n"
