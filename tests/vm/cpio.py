# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives that the kernel unpacks as its first root file system."""


class Archive:
    """cpio in the "newc" format, see the kernel's buffer-format.rst."""

    def __init__(self):
        self.data = bytearray()
        self.entries = 0

    def add(self, name, mode, content=b""):
        self.entries += 1
        fields = [self.entries, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields)
        self.data += name.encode() + b"\0"
        self._pad()
        self.data += content
        self._pad()

    def _pad(self):
        self.data += bytes(-len(self.data) % 4)

    def finish(self):
        self.add("TRAILER!!!", 0)
        return bytes(self.data)
