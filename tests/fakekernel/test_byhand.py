# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that a person takes and gives back: bind and release."""

import json

from program import domain, hostdev
from test_every_write import ERRORS, GPU, NIC, NVME, USB, OnFakeKernel

NIC_ADDRESS, NVME_ADDRESS = "0000:01:00.0", "0000:02:00.0"
GROUP = [f"0000:03:00.{function}" for function in range(4)]


class ByHand(OnFakeKernel):
    slow = True

    def refused(self, result, words):
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn(words, result.err.splitlines()[0])
        self.assertIn("\nFix: ", result.err)

    def test_one_device(self):
        self.boot(NIC.replace("group=11", "override=e1000e group=11") + NVME)
        result = self.tool("bind", "01:00.0")
        self.assertEqual((result.rc, result.out, result.err),
                         (0, "0000:01:00.0 is on driver vfio-pci.\n", ""))
        claim, = self.status()
        self.assertEqual((claim["domain"], claim["state"]), (None, "by hand"))
        shown = json.loads(self.tool("show", "--json", "01:00.0").out)
        self.assertEqual((shown["guest"], shown["bound_by_hand"]), (None, True))
        self.assertEqual(self.tool("recover").out, "There was nothing to give back.\n")
        self.refused(self.tool("bind", NVME_ADDRESS, NIC_ADDRESS), "that has been done already")
        self.assertIn(f"{NVME_ADDRESS} nvme -", self.kernel.state())
        result = self.tool("release", NIC_ADDRESS)
        self.assertEqual((result.rc, result.out, result.err),
                         (0, "0000:01:00.0 is on driver e1000e.\n", ""))
        self.assert_as_it_was()
        self.refused(self.tool("release", NIC_ADDRESS), f"{NIC_ADDRESS} was not bound by hand")

    def test_all_of_it_is_in_the_log(self):
        self.boot(NIC + NVME)
        self.assertEqual(self.tool("bind", NIC_ADDRESS).rc, 0)
        self.refused(self.tool("bind", NIC_ADDRESS), "that has been done already")
        self.kernel.refuse("e1000e", "EIO")
        self.assertEqual(self.tool("release", NIC_ADDRESS).rc, 1)
        self.kernel.refuse("e1000e", "0")
        self.assertEqual(self.tool("recover").rc, 0)
        runs = json.loads(self.tool("log", "--json").out)["runs"]
        self.assertEqual([(run["event"], run["domain"], run["outcome"], run["devices"])
                          for run in runs], [
            ("bind", None, "done", [NIC_ADDRESS]), ("bind", None, "refused", [NIC_ADDRESS]),
            ("release", None, "failed", [NIC_ADDRESS])])
        self.assertIn("that has been done already", runs[1]["message"])
        self.assertRegex(self.tool("log").out,
                         rf"(?s) bind +done .* by hand  {NIC_ADDRESS}\n.* release +failed ")
        # Of no guest.
        self.assertIn("The hook has not run for guest", self.tool("log", "guest").out)

    def test_several_are_all_or_nothing(self):
        self.boot(NIC + NVME)
        self.refused(self.tool("bind", NIC_ADDRESS, "0000:77:00.0"), "Nothing answers at 0000:77:00.0")
        self.assertEqual(self.kernel.writes(), 0)
        self.kernel.refuse("vfio-pci", "EIO")
        self.refused(self.tool("bind", NIC_ADDRESS, NVME_ADDRESS), "can't be bound to driver vfio-pci")
        self.assert_as_it_was()
        self.kernel.refuse("vfio-pci", "0")
        self.assertEqual(self.tool("bind", NIC_ADDRESS, NVME_ADDRESS).rc, 0)
        # A part of them may go before the rest; one that is not bound keeps all.
        self.refused(self.tool("release", NVME_ADDRESS, "0000:00:01.0"), "0000:00:01.0 was not bound")
        self.assertIn(f"{NVME_ADDRESS} vfio-pci", self.kernel.state())
        self.assertEqual(self.tool("release", NVME_ADDRESS).rc, 0)
        self.assertIn(f"{NVME_ADDRESS} nvme -", self.kernel.state())
        self.assertIn(f"{NIC_ADDRESS} vfio-pci vfio-pci", self.kernel.state())
        claim, = self.status()
        self.assertEqual([each["address"] for each in claim["devices"]], [NIC_ADDRESS])
        self.assertEqual(self.tool("release", NIC_ADDRESS).rc, 0)
        self.assert_as_it_was()

    def test_whole_group(self):
        self.boot(GPU + USB)
        result = self.tool("bind", "--json", GROUP[1])
        report = json.loads(result.out)
        self.assertEqual((report["ok"], [each["id"] for each in report["findings"]]),
                         (True, ["group-not-viable"]))
        self.assertIn("virt-hostdev bind --group 0000:03:00.1", result.out)
        self.assertEqual(self.tool("release", "--group", GROUP[1]).rc, 1)
        self.assertEqual(self.tool("release", GROUP[1]).rc, 0)
        report = json.loads(self.tool("bind", "--json", "--group", GROUP[1]).out)
        self.assertEqual((report["ok"], report["findings"]), (True, []))
        self.assertEqual(sorted((each["address"], each["driver"]) for each in report["devices"]),
                         [(address, "vfio-pci") for address in GROUP])
        self.assertEqual(self.tool("release", "-g", GROUP[3]).rc, 0)
        self.assert_as_it_was()

    def test_another_driver(self):
        self.boot("driver mlx5-vfio-pci vfio\n" + NIC)
        self.refused(self.tool("bind", "--driver", "e1000e", NIC_ADDRESS), "is no VFIO driver")
        self.assert_as_it_was()

    def test_guest_may_have_it_and_leaves_it(self):
        self.boot(NIC)
        xml = domain(hostdev(1))
        self.assertEqual(self.tool("bind", NIC_ADDRESS).rc, 0)
        bound = self.kernel.state()
        self.good(self.hook("prepare", xml))
        self.assertEqual(len(self.status()), 2)
        self.refused(self.tool("release", NIC_ADDRESS),
                     f"{NIC_ADDRESS} can't be given back to the host while guest 'guest' has it.")
        self.good(self.hook("release", xml))
        self.assertEqual(self.kernel.state(), bound)
        self.assertEqual(self.tool("release", NIC_ADDRESS).rc, 0)
        self.assert_as_it_was()

    def test_what_a_guest_has_is_not_taken(self):
        self.boot(GPU + USB.replace("driver=xhci_hcd ", ""))
        xml = domain(hostdev(3), hostdev(3, function=1))
        self.good(self.hook("prepare", xml))
        self.refused(self.tool("bind", GROUP[0]), "guest 'guest' has it")
        self.refused(self.tool("bind", GROUP[3]), "guest 'guest' has 0000:03:00.0 of the same group")
        self.refused(self.tool("release", GROUP[0]), "was not bound by hand")
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def test_killed_or_failing_at_every_write(self):
        self.boot(NIC + NVME)
        bind, release = ("bind", NIC_ADDRESS, NVME_ADDRESS), ("release", NIC_ADDRESS, NVME_ADDRESS)
        self.assertEqual(self.tool(*bind).rc, 0)
        writes = {"bind": self.kernel.writes()}
        self.kernel.recount()
        self.assertEqual(self.tool(*release).rc, 0)
        writes["release"] = self.kernel.writes()
        faults = [("errno", error) for error in ERRORS] + [
            (when, who) for when in ("kill-before", "kill-after") for who in ("leader", "both")]
        for command in (bind, release):
            for k in range(1, writes[command[0]] + 1):
                for fault in faults:
                    with self.subTest(command=command[0], write=k, fault=fault):
                        self.kernel.reset()
                        if command == release:
                            self.assertEqual(self.tool(*bind).rc, 0)
                            self.kernel.recount()
                        self.kernel.fault(k, *fault)
                        self.assertNotEqual(self.tool(*command).rc, 0)
                        if command == release or fault[0] != "errno":
                            claim, = self.status()
                            self.assertEqual(claim["state"], "left behind")
                        self.assertEqual(self.tool("recover").rc, 0)
                        self.assert_as_it_was()
