# SPDX-License-Identifier: GPL-2.0-or-later
"""XML of small guests for the emulated host."""

import uuid


def address(pci):
    """The attributes of an <address> for "0000:01:00.0"."""
    domain, bus, rest = pci.split(":")
    slot, function = rest.split(".")
    return f"domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'"


def hostdev(pci, managed="yes", extra=""):
    return (f"<hostdev mode='subsystem' type='pci' managed='{managed}'>"
            f"<source><address {address(pci)}/></source>{extra}</hostdev>")


def interface(pci, managed="yes"):
    return (f"<interface type='hostdev' managed='{managed}'>"
            f"<source><address type='pci' {address(pci)}/></source></interface>")


def nvme_disk(pci, managed=None, target="vda"):
    """managed=None leaves the attribute out, which means "yes" to libvirt."""
    attribute = f" managed='{managed}'" if managed else ""
    return (f"<disk type='nvme' device='disk'><driver name='qemu' type='raw'/>"
            f"<source type='pci'{attribute} namespace='1'><address {address(pci)}/></source>"
            f"<target dev='{target}' bus='virtio'/></disk>")


def domain(name, *devices, metadata="", memory=128, arch="x86_64", machine="q35"):
    """Nothing in it but the given devices: no disk or display to wait for.  The UUID
    follows from the name, so that defining it again replaces it."""
    return f"""<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid.uuid5(uuid.NAMESPACE_DNS, name)}</uuid>
  <metadata>{metadata}</metadata>
  <memory unit='MiB'>{memory}</memory>
  <os><type arch='{arch}' machine='{machine}'>hvm</type></os>
  <devices>
    {"".join(devices)}
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""
