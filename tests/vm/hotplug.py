# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that go to a running guest and come from it, and guests that share some."""

import json
import re

import devices
from domain import hostdev
from scenarios import _Emulated


def slots(number):
    """Room for devices that come later."""
    return "".join(f"<controller type='pci' index='{index}' model='pcie-root-port'/>"
                   for index in range(1, 1 + number))


# Room for two that are no PCI Express devices.
OLD_SLOTS = "<controller type='pci' index='2' model='pcie-to-pci-bridge'/>"

BIND = "<h:hostdev xmlns:h='urn:virt-hostdev:1'><h:siblings policy='bind'/></h:hostdev>"


class Hotplug(_Emulated):
    def tool(self, command):
        return self.host.sh(f"virt-hostdev {command}", check=False)

    def good(self, command, *lines):
        result = self.tool(command)
        self.assertEqual((result.rc, result.err), (0, ""))
        self.assertEqual(result.out.splitlines(), list(lines))

    def refused(self, command, words):
        """One sentence, one fix, and nothing has changed."""
        before = self.state()
        result = self.tool(command)
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn(words, result.err.splitlines()[0])
        self.assertIn("\nFix: ", result.err)
        self.assertEqual(self.state(), before)

    def while_it_resets(self, command, name="g"):
        """No system runs in the guest that would give a device up, but QEMU takes away what it
        was asked for when the guest is reset."""
        with self.meanwhile(f"virt-hostdev {command}") as result:
            while not result:
                self.reset(name)
                result.wait(1)
        return result[0]

    def reset(self, name):
        """A guest that doesn't survive it leaves the reason in its log."""
        self.host.sh(f"virsh reset {name} || {{ cat /var/log/libvirt/qemu/{name}.log >&2; "
                     "dmesg | tail >&2; false; }")

    def killed_at_work(self, command):
        """The tool is killed while it waits for the guest; what status says then."""
        with self.meanwhile(f"virt-hostdev {command}") as result:
            self.wait_for(lambda: "moving" in self.states())
            self.wait_for(lambda: self.host.sh(
                "virsh qemu-monitor-command g --hmp info pci >/dev/null", check=False).rc == 0)
            self.host.sh("kill -9 $(pidof virt-hostdev)")
        self.assertNotEqual(result[0].rc, 0)
        state, = self.states()
        return state

    def states(self):
        status = json.loads(self.host.sh("virt-hostdev status --json").out)
        return [claim["state"] for claim in status["claims"]]

    def asks(self, name, address, options=""):
        xml = self.host.sh(f"virsh dumpxml {options} {name}").out
        sources = re.findall(r"<hostdev .*?<source>(.*?)</source>", xml, re.DOTALL)
        return any(f"bus='0x{address[5:7]}' slot='0x{address[8:10]}'" in each for each in sources)

    def claims(self, name):
        return [device["address"] for device in self.status()[name]["devices"]]

    def moves(self, name, n=3):
        """The last of what the log says of them."""
        runs = json.loads(self.host.sh(f"virt-hostdev log --json {name}").out)["runs"]
        return [(run["event"], run["outcome"], run["devices"]) for run in runs
                if run["event"] in ("attach", "detach")][-n:]

    def test_there_and_back(self):
        self.define("g", hostdev(devices.NIC_B, "no"), slots(2))
        self.start("g")
        self.good(f"attach g {devices.NIC_A}", f"{devices.NIC_A} is with guest 'g'.")
        self.assert_given("g", devices.NIC_A)
        self.assert_given("g", devices.NIC_B)
        self.assertTrue(self.asks("g", devices.NIC_A))
        self.assertFalse(self.asks("g", devices.NIC_A, "--inactive"))
        self.assertEqual(self.claims("g"), [devices.NIC_B, devices.NIC_A])
        self.refused(f"attach g {devices.EDU} {devices.NIC_A}",
                     f"guest 'g' has {devices.NIC_A} already")
        self.good("check g", *self.host.sh("virt-hostdev check g").out.splitlines())
        result = self.while_it_resets(f"detach g {devices.NIC_A}")
        self.assertEqual((result.rc, result.out, result.err),
                         (0, f"{devices.NIC_A} is on driver e1000e.\n", ""))
        self.assertFalse(self.asks("g", devices.NIC_A))
        self.assertEqual(self.driver(devices.NIC_A), "e1000e")
        self.assertEqual(self.claims("g"), [devices.NIC_B])
        self.refused(f"detach g {devices.NIC_A}", f"guest 'g' doesn't have {devices.NIC_A}")
        # Also what the guest had from its start.
        result = self.while_it_resets(f"detach g {devices.NIC_B}")
        self.assertEqual((result.rc, result.err), (0, ""))
        self.assertEqual(self.moves("g"), [("attach", "done", [devices.NIC_A]),
                                           ("detach", "done", [devices.NIC_A]),
                                           ("detach", "done", [devices.NIC_B])])
        self.assertEqual(self.state(), self.before)

    def test_guest_that_does_not_answer(self):
        self.define("g", slots(1))
        self.start("g")
        self.good(f"attach g {devices.NIC_B}", f"{devices.NIC_B} is with guest 'g'.")
        self.refused(f"detach g {devices.NIC_B}", f"Guest 'g' was asked to give up {devices.NIC_B}, but "
                                                "still has it after 30 seconds.")
        self.assertEqual(self.moves("g", 2), [("attach", "done", [devices.NIC_B]),
                                              ("detach", "refused", [devices.NIC_B])])
        self.assert_given("g", devices.NIC_B)
        self.assertEqual(self.claims("g"), [devices.NIC_B])
        # QEMU takes no second request, but stands by the first.
        result = self.while_it_resets(f"detach g {devices.NIC_B}")
        self.assertEqual((result.rc, result.err), (0, ""))
        self.assertEqual(self.state(), self.before)

    def test_guest_that_answers_too_late(self):
        self.define("g", slots(1))
        self.start("g")
        self.good(f"attach g {devices.NIC_B}", f"{devices.NIC_B} is with guest 'g'.")
        self.assertEqual(self.killed_at_work(f"detach g {devices.NIC_B}"), "left behind")
        # The guest has it, and will not have it for ever.
        self.good("recover", "There was nothing to give back.")
        self.assert_given("g", devices.NIC_B)
        self.assertEqual(self.claims("g"), [devices.NIC_B])
        self.reset("g")
        self.wait_for(lambda: not self.asks("g", devices.NIC_B))
        self.assertEqual(self.driver(devices.NIC_B), "vfio-pci")
        self.good(f"detach g {devices.NIC_B}", f"{devices.NIC_B} is on driver e1000e.")
        self.assertEqual(self.state(), self.before)

    def test_guest_that_was_quicker(self):
        """It gives the device up after detach has seen it, and before libvirt is asked."""
        self.define("g", slots(1))
        self.start("g")
        self.good(f"attach g {devices.NIC_B}", f"{devices.NIC_B} is with guest 'g'.")
        self.host.sh("virsh qemu-monitor-command g --hmp device_del hostdev0")
        group = self.host.sh(
            f"basename $(readlink /sys/bus/pci/devices/{devices.NIC_B}/iommu_group)").out.strip()
        lock = f"/run/virt-hostdev/locks/group-{group}"
        with self.meanwhile(f"flock {lock} sh -c 'touch /tmp/locked; until test -e /tmp/go; do "
                            "sleep 0.1; done'", end=lambda: self.host.sh("touch /tmp/go")):
            self.wait_for(lambda: self.host.sh("test -e /tmp/locked", check=False).rc == 0)
            with self.meanwhile(f"virt-hostdev detach g {devices.NIC_B}",
                                end=lambda: self.host.sh("touch /tmp/go")) as result:
                self.wait_for(lambda: self.host.sh(
                    f"ls -l /proc/$(pidof virt-hostdev)/fd | grep {lock}", check=False).rc == 0)
                self.reset("g")
                self.wait_for(lambda: not self.asks("g", devices.NIC_B))
        self.host.sh("rm /tmp/locked /tmp/go")
        self.assertEqual((result[0].rc, result[0].out, result[0].err),
                         (0, f"{devices.NIC_B} is on driver e1000e.\n", ""))
        self.assertEqual(self.state(), self.before)

    def test_guest_that_ends_with_it(self):
        self.define("g", slots(2))
        self.start("g")
        self.good(f"attach g {devices.NIC_A} {devices.NVME}",
                  f"{devices.NIC_A} is with guest 'g'.", f"{devices.NVME} is with guest 'g'.")
        self.libvirt_forgets_nothing()
        self.destroy("g")
        self.assertEqual(self.state(), self.before)
        self.assertEqual(self.status(), {})

    def libvirt_forgets_nothing(self):
        self.host.libvirtd("restart")
        self.assert_given("g", devices.NIC_A)

    def test_second_device_is_refused(self):
        """The guest has room for one."""
        self.define("g", slots(1))
        self.start("g")
        result = self.while_it_resets(f"attach g {devices.NIC_A} {devices.NIC_B}")
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn(f"{devices.NIC_B}: libvirt doesn't give the device to guest 'g': ", result.err)
        self.assertIn("\nFix: Give the guest a <controller", result.err)
        self.assertEqual(len(result.err.splitlines()), 2, result.err)
        self.assertEqual(self.moves("g", 1),
                         [("attach", "failed", [devices.NIC_A, devices.NIC_B])])
        self.assertEqual(self.state(), self.before)
        self.assertEqual(self.status(), {})

    def test_refusals_are_the_hooks(self):
        self.define("g", slots(2))
        self.define("other", hostdev(devices.NIC_A, "no"))
        self.start("g")
        self.start("other")
        self.refused(f"attach g {devices.NIC_B} {devices.NIC_A}",
                     "can't be given to guest 'g': guest 'other' has it.")
        self.refused(f"attach g {devices.SHARED_A}",
                     "can't be given to guest 'g' while the host still uses")
        self.assertEqual(self.moves("g", 1), [("attach", "refused", [devices.SHARED_A])])
        self.refused("attach g 77:00.0", "nothing answers at this address")
        self.destroy("other")
        self.refused(f"attach --live other {devices.NIC_A}", "guest 'other' doesn't run")
        self.refused(f"attach -c qemu:///session g {devices.NIC_A}",
                     "only guests of this host's own libvirt")
        self.refused(f"attach nobody {devices.NIC_A}", "libvirt knows no domain 'nobody'")

    def test_what_the_host_needs(self):
        net = self.host.sh(f"ls /sys/bus/pci/devices/{devices.NIC_A}/net").out.strip()
        self.host.sh(f"ip address add 192.0.2.2/24 dev {net}; ip link set {net} up; "
                     f"ip route add default via 192.0.2.1 dev {net}")
        self.define("g", slots(1))
        self.start("g")
        self.refused(f"attach g {devices.NIC_A}", "because the host needs it")
        result = self.tool(f"attach --allow {devices.NIC_A}=default-route g {devices.NIC_A}")
        self.assertEqual(result.rc, 0, result.err)
        self.assert_given("g", devices.NIC_A)

    def test_siblings_go_along(self):
        self.define("g", OLD_SLOTS)
        self.start("g")
        self.refused(f"attach g {devices.SHARED_A}", "while the host still uses")
        # What the definition says now counts, also while the guest runs.
        self.define("g", OLD_SLOTS, metadata=BIND)
        self.good(f"attach g {devices.SHARED_A}", f"{devices.SHARED_A} is with guest 'g'.")
        self.assert_given("g", devices.SHARED_A)
        self.assertEqual(self.driver(devices.SHARED_B), "vfio-pci")
        # The sibling follows, and the first one then waits for it.
        self.good(f"attach g {devices.SHARED_B}", f"{devices.SHARED_B} is with guest 'g'.")
        result = self.while_it_resets(f"detach g {devices.SHARED_A}")
        self.assertEqual((result.rc, result.out), (0, f"{devices.SHARED_A} is on driver vfio-pci.\n"))
        self.assertIn("comes back to the host only with the rest of IOMMU group", result.err)
        self.assert_given("g", devices.SHARED_B)
        result = self.while_it_resets(f"detach g {devices.SHARED_B}")
        self.assertEqual((result.rc, result.err), (0, ""))
        self.assertEqual(self.state(), self.before)

    def test_definition(self):
        self.define("g", slots(1))
        self.good(f"attach g {devices.NIC_A}",
                  f"{devices.NIC_A} is in the definition of guest 'g', for its next start.")
        self.assertIn("managed='yes'", self.host.sh("virsh dumpxml g").out)
        self.assertEqual(self.state(), self.before)
        self.start("g")
        self.assert_given("g", devices.NIC_A)
        self.good(f"detach --config g {devices.NIC_A}",
                  f"{devices.NIC_A} is no longer in the definition of guest 'g'.")
        self.assert_given("g", devices.NIC_A)
        self.destroy("g")
        self.assertEqual(self.state(), self.before)
        self.refused(f"attach g {devices.SHARED_BRIDGE}", "it is a bridge")

    def test_both(self):
        self.define("g", slots(1))
        self.start("g")
        self.good(f"attach --live --config --managed no g {devices.NIC_A}",
                  f"{devices.NIC_A} is with guest 'g', and in its definition.")
        self.assertTrue(self.asks("g", devices.NIC_A, "--inactive"))
        result = self.while_it_resets(f"detach --live --config g {devices.NIC_A}")
        self.assertEqual((result.rc, result.out, result.err), (
            0, f"{devices.NIC_A} is no longer in the definition of guest 'g', and is on driver "
               "e1000e.\n", ""))
        self.assertFalse(self.asks("g", devices.NIC_A, "--inactive"))
        # What libvirt refuses stays out of the definition.
        self.refused(f"attach --live --config g {devices.SHARED_A}", "while the host still uses")
        self.assertFalse(self.asks("g", devices.SHARED_A, "--inactive"))

    def checked(self, *arguments):
        result = self.host.sh("virt-hostdev check --json " + " ".join(arguments), check=False)
        self.assertEqual(result.err, "")
        report = json.loads(result.out)
        return result.rc, report

    def test_pairs(self):
        self.define("a", hostdev(devices.NIC_A, "no"), OLD_SLOTS, metadata=BIND)
        self.define("b", hostdev(devices.NIC_A, "no"), hostdev(devices.MIXED_NIC, "no"))
        self.define("c", hostdev(devices.MIXED_EDU, "no"), metadata=BIND)

        def pairs(code):
            rc, report = self.checked("--all")
            self.assertEqual([each["domain"] for each in report["domains"]], ["a", "b", "c"])
            self.assertEqual(rc, code, report)
            return [(each["domains"], each["id"], each["severity"]) for each in report["pairs"]]

        self.assertEqual(pairs(0), [(["a", "b"], "shared-device", "info"),
                                    (["b", "c"], "shared-group", "info")])
        self.host.sh("virsh autostart a; virsh autostart b")
        self.assertEqual(pairs(1)[0][2], "error")
        self.host.sh("virsh autostart --disable a")
        self.start("a")
        self.assertEqual(pairs(1)[0][2], "warning")
        # What a guest got while it runs counts too.
        self.good(f"attach a {devices.MIXED_EDU}", f"{devices.MIXED_EDU} is with guest 'a'.")
        self.assertIn((["a", "c"], "shared-device", "info"), pairs(1))
        text = self.host.sh("virt-hostdev check --all", check=False).out
        self.assertIn("Guest 'a' can start.\n", text)
        self.assertIn("Guest 'b' would be refused.\n", text)
        self.assertIn(f"Guests 'a' and 'b' ask for {devices.NIC_A}, and one of them runs while the "
                      "host starts the other.\nFix: Leave it to one of them: virt-hostdev detach "
                      "--config ", text)

    def test_from_elsewhere(self):
        """This host, as another one would see it by what libvirt tells."""
        uri = "'qemu+unix:///system?socket=/run/libvirt/libvirt-sock'"
        self.make_vf()
        # Without udev it finds new devices only when it starts.
        self.host.libvirtd("restart")
        wishes = [devices.NIC_A, devices.EDU, devices.NVME, devices.SHARED_A, devices.SHARED_BRIDGE,
                  devices.MIXED_NIC, devices.NO_GROUP, devices.IGB, devices.IGB_VF0, "0000:77:00.0"]
        for wish in wishes:
            with self.subTest(wish=wish):
                self.define("g", hostdev(wish, "no"))
                here, there = self.checked("g"), self.checked("-c", uri, "g")
                self.assertEqual(there[0], here[0], (here, there))
                for mine, theirs in zip(here[1]["devices"], there[1]["devices"], strict=True):
                    self.assertEqual(theirs, mine)
                self.assertEqual([each["id"] for each in there[1]["findings"]],
                                 ["unknown-from-here"])
        rc, report = self.checked("-c", uri, "--all")
        self.assertEqual((rc, [each["id"] for each in report["findings"]]),
                         (1, ["unknown-from-here"]))
        self.refused(f"attach -c {uri} g {devices.NIC_A}", "only guests of this host's own libvirt")
        result = self.tool(f"plan -c {uri} g")
        self.assertIn("can only be planned on the host itself", result.err)
        self.host.sh(f"echo 0 >/sys/bus/pci/devices/{devices.IGB}/sriov_numvfs")
        self.host.libvirtd("restart")

    def make_vf(self):
        self.host.sh(f"echo 1 >/sys/bus/pci/devices/{devices.IGB}/sriov_numvfs")
        self.wait_for(lambda: self.driver(devices.IGB_VF0) == "igbvf")

    def test_json(self):
        self.define("g", slots(1))
        self.start("g")
        report = json.loads(self.tool(f"attach --json g {devices.NIC_A}").out)
        self.assertEqual(report, {
            "ok": True, "domain": "g", "live": True, "config": False,
            "devices": [{"address": devices.NIC_A, "driver": "vfio-pci"}], "findings": []})
