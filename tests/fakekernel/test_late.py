# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that get their IOMMU group when a driver first takes them, as on hosts with
SMMUs and kernels before 6.15: what couldn't be judged before is judged then."""

import json

from program import SIBLINGS, domain, hostdev
from test_every_write import OTHER
from test_holders import _Held

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
SMMU = "file class/iommu/smmu3.0x0000000009050000/\n"
VTD = "file class/iommu/dmar0/\n"
GPU, NIC, SECOND = "0000:05:00.0", "0000:05:00.1", "0000:06:00.0"
# Nobody's driver is loaded for it.
ALONE = f"device {GPU} 10de:ffff 120000 late=30\n"
SHARED = f"device {NIC} 8086:10d3 020000 driver=e1000e group=30\n"
NEVER = f"device {SECOND} 10de:ffff 120000\n"
ASKS = domain(hostdev(5))
NOTE = (rf"Which IOMMU group {GPU} will be in, and with which others, isn't known yet: no .*\n"
        rf"Fix: To have it made now: virt-hostdev bind {GPU} && virt-hostdev release {GPU}\n")


class Late(_Held):
    def refused(self, result, words):
        """And undone; nothing is said any more of what wasn't known before."""
        self.assertEqual((result.rc, result.out), (1, ""), result.err)
        self.assertRegex(result.err, rf"\A{words}")
        self.assertNotRegex(result.err, NOTE)
        self.assert_as_it_was()

    def claim(self):
        return self.kernel.claims()[UUID]

    def group(self):
        return (self.kernel.path(f"/sys/bus/pci/devices/{GPU}/iommu_group").readlink().name)

    def test_there_and_back(self):
        self.boot(SMMU + ALONE)
        self.good(self.hook("prepare", ASKS))
        self.assertIn(f"{GPU} vfio-pci vfio-pci", self.kernel.state())
        self.assertIn(f"\ndevice {GPU} 30 10de:ffff restore - - ", self.claim())
        self.assertTrue(self.claim().startswith("virt-hostdev-claim 2\n"))
        self.good(self.hook("started", ASKS))
        self.good(self.hook("release", ASKS))
        self.assert_as_it_was()
        # It stays, and nothing is to be said any more.
        self.assertEqual(self.group(), "30")
        self.good(self.hook("prepare", ASKS))
        self.good(self.hook("release", ASKS))
        self.assert_as_it_was()

    def test_others_have_theirs_at_once(self):
        for host in (VTD, "", "file class/iommu/ivhd0/\n" + VTD):
            with self.subTest(host=host):
                self.boot(host + ALONE + SHARED)
                result = self.hook("prepare", ASKS)
                self.assertEqual(result.rc, 1)
                self.assertIn("it is not behind an IOMMU, although this host has one.", result.err)
                self.assertEqual(self.kernel.written(), [])

    def test_not_with_a_driver(self):
        self.boot(SMMU + ALONE + SHARED + NEVER.replace("120000", "020000 driver=nouveau"))
        result = self.hook("prepare", domain(hostdev(5), hostdev(6)))
        self.assertEqual(result.rc, 1)
        self.assertRegex(result.err, rf"\A{SECOND} .* it is not behind an IOMMU, although this host")
        self.assertEqual(self.kernel.written(), [])

    def test_no_group_after_all(self):
        """What the bind says is put into words."""
        self.boot(SMMU + SHARED + NEVER)
        result = self.hook("prepare", domain(hostdev(6)))
        self.assertEqual(result.rc, 1)
        self.assertIn(f"{SECOND} can't be bound to driver vfio-pci: the kernel has made no IOMMU "
                      "group for it, so it is behind no IOMMU, or the firmware's", result.err)
        self.assert_as_it_was()
        # Any other reason is the kernel's.
        self.boot(SMMU + ALONE)
        self.kernel.refuse("vfio-pci", "EINVAL")
        result = self.hook("prepare", ASKS)
        self.assertIn("can't be bound to driver vfio-pci: Invalid argument.", result.err)
        self.assert_as_it_was()

    def test_shared_with_the_host(self):
        self.boot(SMMU + ALONE + SHARED)
        self.refused(self.hook("prepare", ASKS),
                     rf"{GPU} \(.*, IOMMU group 30, driver vfio-pci\) can't be given to guest "
                     rf"'guest' while the host still uses {NIC} \(.*driver e1000e\) in the same")
        self.good(self.hook("release", ASKS))
        self.assert_as_it_was()
        # From now on it is said before anything is done.
        writes = self.kernel.writes()
        result = self.hook("prepare", ASKS)
        self.assertEqual(result.rc, 1)
        self.assertRegex(result.err, rf"\A{GPU} \(.*, IOMMU group 30, no driver\) can't")
        self.assertEqual(self.kernel.writes(), writes)

    def test_sibling_goes_along(self):
        xml = domain(hostdev(5), metadata=SIBLINGS)
        self.boot(SMMU + ALONE + SHARED)
        self.good(self.hook("prepare", xml))
        self.assertIn(f"{NIC} vfio-pci vfio-pci", self.kernel.state())
        claim, = self.status()
        self.assertEqual([(each["address"], each["group"]) for each in claim["devices"]],
                         [(GPU, 30), (NIC, 30)])
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def test_sibling_that_is_kept(self):
        """Whoever goes along is judged as ever."""
        xml = domain(hostdev(5), metadata=SIBLINGS)
        self.boot(SMMU + ALONE + SHARED)
        self.configure("[device nic]", f"match = {NIC}", "guests = none")
        self.refused(self.hook("prepare", xml), f"{GPU} .* {NIC}")

    def test_sibling_that_is_held(self):
        xml = domain(hostdev(5), metadata=SIBLINGS)
        self.boot(SMMU + ALONE + SHARED + f"attr {NIC} resource0 x\n")
        holder = self.hold(f"/sys/bus/pci/devices/{NIC}/resource0")
        self.refused(self.hook("prepare", xml),
                     f"{NIC} .* can't be given to guest 'guest' while process {holder.pid} ")
        self.end(holder)
        self.good(self.hook("prepare", xml))
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def test_memory_of_the_firmware(self):
        """It is of the group, and would be judged before of any other device."""
        self.boot(SMMU + ALONE + SHARED.replace("driver=e1000e ", "") + "file kernel/iommu_groups/"
                  "30/reserved_regions 0x000000007b800000 0x000000007fffffff direct\n")
        self.refused(self.hook("prepare", ASKS), f"{GPU} .* because the host needs it: IOMMU "
                     "group 30 -> firmware's memory 0x000000007b800000")

    def test_group_of_another_guest(self):
        other = domain(hostdev(5, function=1), name="other", uuid=OTHER)
        self.boot(SMMU + ALONE + SHARED)
        self.good(self.hook("prepare", other, name="other"))
        held = self.kernel.state()
        result = self.hook("prepare", ASKS)
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertRegex(result.err, rf"\A{GPU} .* can't be given to guest 'guest': "
                                     rf"guest 'other' has {NIC} of the same group")
        self.assertEqual(self.kernel.state(), held)
        self.assertEqual(list(self.kernel.claims()), [OTHER])
        self.good(self.hook("release", other, name="other"))
        self.assert_as_it_was()

    def test_libvirt_binds_it(self):
        """Then start, before QEMU runs, is the first that can judge."""
        managed = domain(hostdev(5, managed="yes"))
        for description, outcome in ((ALONE, 0), (ALONE + SHARED, 1)):
            with self.subTest(outcome=outcome):
                self.boot(SMMU + description)
                result = self.hook("prepare", managed)
                self.assertEqual((result.rc, result.out), (0, ""))
                self.assertRegex(result.err, rf"\A{NOTE}\Z")
                self.assertIn(f"\ndevice {GPU} - 10de:ffff restore - - ", self.claim())
                self.assertTrue(self.claim().startswith("virt-hostdev-claim 3\n"))
                claim, = self.status()
                self.assertIsNone(claim["devices"][0]["group"])
                self.kernel.write(f"/sys/bus/pci/devices/{GPU}/driver_override", "vfio-pci")
                self.assertEqual(self.kernel.write("/sys/bus/pci/drivers/vfio-pci/bind", GPU), "OK")
                result = self.hook("start", managed)
                self.assertEqual((result.rc, result.out), (outcome, ""), result.err)
                if outcome:
                    self.assertIn(f"while the host still uses {NIC}", result.err)
                else:
                    self.assertEqual(result.err, "")
                    self.assertIn(f"\ndevice {GPU} 30 10de:ffff", self.claim())
                    self.good(self.hook("started", managed))
                self.kernel.write("/sys/bus/pci/drivers/vfio-pci/unbind", GPU)
                self.kernel.write(f"/sys/bus/pci/devices/{GPU}/driver_override", "\n")
                self.good(self.hook("release", managed))
                self.assert_as_it_was()

    def test_libvirt_has_not_bound_it(self):
        """Or a driver took it that needs no group."""
        managed = domain(hostdev(5, managed="yes"))
        self.boot(SMMU + ALONE)
        self.assertEqual(self.hook("prepare", managed).rc, 0)
        result = self.hook("start", managed)
        self.assertEqual(result.rc, 1)
        self.assertIn(f"{GPU} can't be given to guest 'guest': the kernel has made no IOMMU group "
                      "for it", result.err)
        self.good(self.hook("release", managed))
        self.assert_as_it_was()

    def test_by_hand(self):
        self.boot(SMMU + ALONE + SHARED)
        report = json.loads(self.tool("bind", "--json", GPU).out)
        self.assertEqual((report["ok"], [each["id"] for each in report["findings"]]),
                         (True, ["group-not-viable"]))
        self.assertIn(f"{GPU} vfio-pci vfio-pci", self.kernel.state())
        self.assertEqual(self.tool("release", GPU).rc, 0)
        self.assert_as_it_was()

    def test_killed_in_between(self):
        """After any write, and with it bound but not judged: nothing is lost."""
        self.boot(SMMU + ALONE + SHARED)
        self.refused(self.hook("prepare", ASKS), f"{GPU} .* can't be given")
        writes = self.kernel.writes()
        self.assertGreater(writes, 3)
        for back in ("release", "recover", "another"):
            for n in range(1, writes + 1):
                with self.subTest(n=n, back=back):
                    self.kernel.reset()
                    self.kernel.fault(n, "kill-after", "leader")
                    self.assertNotIn(self.hook("prepare", ASKS).rc, (0, 1))
                    self.kernel.recount()
                    if back == "release":
                        self.good(self.hook("release", ASKS))
                    else:
                        self.kernel.renew_daemons()
                        for path in self.kernel.run_dir.glob(f"virt-hostdev/claims/{UUID}"):
                            self.forget_daemon(path)
                    if back == "recover":
                        self.assertEqual(self.tool("recover").rc, 0)
                    if back == "another":
                        # Of the same device, which has its group by now.
                        other = domain(hostdev(5), name="other", uuid=OTHER)
                        self.assertEqual(self.hook("prepare", other, name="other").rc, 1)
                    self.assert_as_it_was()

    def test_group_of_one_that_was_left_behind(self):
        """The claim doesn't know it, the kernel does: the next guest of the group waits."""
        other = domain(hostdev(5, function=1), name="other", uuid=OTHER)
        self.boot(SMMU + ALONE + SHARED.replace("driver=e1000e ", ""))
        self.kernel.fault(2, "kill-after", "leader")
        self.hook("prepare", ASKS)
        self.kernel.recount()
        self.assertIn(f"\ndevice {GPU} - ", self.claim())
        result = self.hook("prepare", other, name="other")
        self.assertEqual(result.rc, 1)
        self.assertIn(f"guest 'guest' has {GPU} of the same group", result.err)
