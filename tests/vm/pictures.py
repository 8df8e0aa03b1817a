# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of an emulated host's screen: read, compared, and kept for the documentation.

    before = host.screen("display")
    before == host.screen("display")                 # a text console, to the pixel
    pictures.differing(before, now) < 0.01           # a greeter, which may have a clock
    pictures.keep(before, "name")                    # build/pictures/name.png

Those of docs/pictures are parts of these, or made smaller:

    tests/vm/pictures.py build/pictures/name.png docs/pictures/name.png [--crop LEFT,TOP,WIDTH,HEIGHT]
                         [--shrink FACTOR]
"""

import argparse
import re
import struct
import typing
import zlib
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / "build" / "pictures"
BYTES = 3  # of a pixel: red, green, blue


class Picture(typing.NamedTuple):
    width: int
    height: int
    pixels: bytes

    def line(self, number):
        return self.pixels[number * self.width * BYTES:(number + 1) * self.width * BYTES]

    def middle(self):
        """The colour there: text is further up."""
        at = (self.height // 2 * self.width + self.width // 2) * BYTES
        return tuple(self.pixels[at:at + BYTES])


def from_ppm(content):
    """What QEMU writes."""
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", content)
    if not header:
        raise ValueError(f"no picture of QEMU's: {content[:20]!r}")
    width, height = (int(each) for each in header.groups())
    pixels = content[header.end():]
    if len(pixels) != width * height * BYTES:
        raise ValueError(f"{len(pixels)} bytes are no picture of {width}x{height}")
    return Picture(width, height, pixels)


def differing(one, other):
    """The share of the pixels that differ; all of them if the sizes do."""
    if (one.width, one.height) != (other.width, other.height):
        return 1.0
    if one.pixels == other.pixels:
        return 0.0
    different = 0
    for number in range(one.height):
        mine, theirs = one.line(number), other.line(number)
        if mine != theirs:
            different += sum(mine[at:at + BYTES] != theirs[at:at + BYTES]
                             for at in range(0, len(mine), BYTES))
    return different / (one.width * one.height)


def crop(picture, left, top, width, height):
    width, height = min(width, picture.width - left), min(height, picture.height - top)
    return Picture(width, height, b"".join(
        picture.line(number)[left * BYTES:(left + width) * BYTES]
        for number in range(top, top + height)))


def shrink(picture, factor):
    """Each pixel the mean of factor times factor."""
    lines = []
    for top in range(0, picture.height - factor + 1, factor):
        rows = [picture.line(top + each) for each in range(factor)]
        line = bytearray()
        for left in range(0, (picture.width - factor + 1) * BYTES, factor * BYTES):
            for part in range(BYTES):
                line.append(sum(row[left + part + each * BYTES] for row in rows
                                for each in range(factor)) // factor ** 2)
        lines.append(bytes(line))
    return Picture(picture.width // factor, len(lines), b"".join(lines))


def png(picture):
    """https://www.w3.org/TR/png/: a header, the lines each behind its filter (none), an end."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    lines = b"".join(b"\0" + picture.line(number) for number in range(picture.height))
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


def from_png(content):
    """Reads what png() writes."""
    width, height = struct.unpack_from(">II", content, 16)
    length, = struct.unpack_from(">I", content, 33)
    lines = zlib.decompress(content[41:41 + length])
    return Picture(width, height, b"".join(
        lines[at + 1:at + 1 + width * BYTES]
        for at in range(0, len(lines), 1 + width * BYTES)))


def keep(picture, name):
    """For whoever wants to look."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{name}.png").write_bytes(png(picture))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kept", type=Path)
    parser.add_argument("made", type=Path)
    parser.add_argument("--crop", type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--shrink", type=int)
    arguments = parser.parse_args()
    picture = from_png(arguments.kept.read_bytes())
    if arguments.crop:
        picture = crop(picture, *arguments.crop)
    if arguments.shrink:
        picture = shrink(picture, arguments.shrink)
    arguments.made.write_bytes(png(picture))


if __name__ == "__main__":
    main()
