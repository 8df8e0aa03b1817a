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
"""

import collections
import re
import sys
import unittest
import uuid

from devices import nic, root_port
from domain import domain, hostdev
from scenarios import TOP, _Emulated

sys.path.insert(0, str(TOP / "tests" / "fakekernel"))

import fakekernel  # noqa: E402
from fakekernel import FakeKernel  # noqa: E402

NIC, NVME, EDU = "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"
GPU, GPU_SOUND = "0000:04:00.0", "0000:04:00.1"
FOUR_NIC, FOUR_NIC_TOO, FOUR_SOUND = "0000:06:01.0", "0000:06:02.0", "0000:06:03.0"

DEVICES = [
    root_port("rp-nic", 4),
    nic("e1000e", "nic", "rp-nic", 0x01),
    root_port("rp-nvme", 5),
    "-device nvme,id=nvme,bus=rp-nvme,serial=nvme",
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
]
MODULES = "bochs snd_hda_intel snd_intel8x0 vfio-pci"

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


def device_written_to(write):
    """The one whose file it is, or whom the text names."""
    path, text, _ = write
    return path.split("/")[-2] if path.endswith("/driver_override") else text


def second_word(line):
    return line.split()[1]


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
        else:
            yield f"{attribute} {text} {folder}"


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

    # Both kernels

    def compare(self, *assigned, metadata="", also=frozenset()):
        """Prepares and releases a guest on both; @also are the siblings that are taken."""
        xml = domain("g", *(hostdev(address, "no") for address in assigned), metadata=metadata)
        start = self.states()
        with FakeKernel(self.description()) as fake:
            self.assertEqual(fake.state().splitlines(), list(start.values()))
            self.compare_event("prepare begin", xml, fake, {*assigned, *also})
            self.compare_event("release end", xml, fake, {*assigned, *also})
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
