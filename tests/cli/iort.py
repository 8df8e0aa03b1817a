# SPDX-License-Identifier: GPL-2.0-or-later
"""ACPI's IO Remapping Table (Arm DEN 0049), made from what it is to say."""

import struct

ITS, NAMED, ROOT, SMMU, SMMU_V3, PMCG, RMR = range(7)
SINGLE = 1


class Table:
    """Nodes are told apart by their number, in the order in which they are added."""

    def __init__(self):
        self.nodes = []

    def add(self, kind, body, maps=(), revision=1):
        """@maps: (first ID, how many, what the first becomes, number of the node, flags)."""
        self.nodes.append((kind, body, list(maps), revision))
        return len(self.nodes) - 1

    def its(self):
        return self.add(ITS, struct.pack("<II", 1, 0))

    def smmu(self, base, maps=(), coherent=True):
        """SMMUv1 or v2."""
        return self.add(SMMU, struct.pack("<QQIIIIIII", base, 0x10000, 1, 2 * coherent, 60, 0, 0, 0,
                                          0), maps)

    def smmu_v3(self, base, maps=(), coherent=True, own=None):
        """@own: the number of the mapping that is for its own interrupts."""
        flags = int(coherent) | (own is not None) << 4
        return self.add(SMMU_V3, struct.pack("<QIIQIIIIIII", base, flags, 0, 0, 0, 0, 0, 0, 0, 0,
                                             own or 0), maps, 5)

    def root(self, segment, maps=(), coherent=True, ats=False):
        return self.add(ROOT, struct.pack("<QIIB3x", int(coherent), int(ats), segment, 64), maps, 3)

    def named(self, path, maps=()):
        body = struct.pack("<IQB", 0, 1, 48) + path.encode() + b"\0"
        return self.add(NAMED, body + bytes(-len(body) % 4), maps, 4)

    def rmr(self, ranges, maps):
        """@ranges: (address, length). Its mappings say which streams of which SMMU it is about."""
        return self.add(RMR, (ranges, struct.pack("<II", 0, len(ranges))), maps, 3)

    def bytes(self):
        made, starts, at = [], [], 48
        for number, (kind, body, maps, revision) in enumerate(self.nodes):
            if kind == RMR:
                ranges, head = body
                body = head + struct.pack("<I", 28) + b"".join(
                    struct.pack("<QQI", *each, 0) for each in ranges)
            length = 16 + len(body) + 20 * len(maps)
            made.append(struct.pack("<BHBIII", kind, length, revision, number, len(maps),
                                    16 + len(body) if maps else 0) + body)
            starts.append(at)
            at += length
        nodes = b""
        for (_, _, maps, _), head in zip(self.nodes, made):
            nodes += head
            for first, count, output, target, *flags in maps:
                nodes += struct.pack("<IIIII", first, count - 1, output, starts[target],
                                     *(flags or [0]))
        table = bytearray(struct.pack("<4sIBB6s8sI4sIIII", b"IORT", at, 6, 0, b"VENDOR", b"BOARD   ",
                                      1, b"TEST", 1, len(self.nodes), 48, 0) + nodes)
        table[9] = -sum(table) % 256
        return bytes(table)


def usual(segments=(0,), maps=((0, 0x10000, 0),), **smmu):
    """Each segment behind an SMMUv3 of its own, and all behind one ITS."""
    table = Table()
    its = table.its()
    for segment in segments:
        v3 = table.smmu_v3(0x2b400000 + segment * 0x100000, [(0, 0x10000, segment << 16, its)],
                           **smmu)
        table.root(segment, [(*each, v3) for each in maps])
    return table
