# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of claims, see lib/state/claim.h."""

import zlib

HEADER = "virt-hostdev-claim 2\n"
# Of a claim with a device whose group isn't known.
HEADER_LATE = "virt-hostdev-claim 3\n"
# Of one with the host's screen.
HEADER_SCREEN = "virt-hostdev-claim 4\n"


def _sum(text):
    return f" {zlib.crc32(text.encode()):08x}\n"


def sealed(text):
    """A claim with sums from its lines without sums; "holds" is put where it belongs."""
    lines = text.splitlines()
    header = lines[0] + "\n"
    assert header in (HEADER, HEADER_LATE, HEADER_SCREEN) and lines[-1] == "end", text
    held = [line for line in lines if line.startswith(("device ", "attribute ", "screen "))]
    others = [line for line in lines[1:-1] if line not in held and not line.startswith("holds ")]
    text = header + "".join(line + _sum(line) for line in
                            (*others, f"holds {len(held)}", *held)) + "end"
    return text + _sum(text)


def unsealed(text):
    """The same lines without their sums, to be changed."""
    lines = text.splitlines()
    return "".join(line + "\n" for line in (lines[0], *(line[:-9] for line in lines[1:])))


def version_1(text):
    """What the version before would have written."""
    return "".join(line + "\n" for line in unsealed(text).replace(
        HEADER, "virt-hostdev-claim 1\n").splitlines() if not line.startswith("holds "))


def changed(path, change):
    """Writes a claim again, with what change() makes of its lines."""
    path.write_text(sealed(change(unsealed(path.read_text()))))
