# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of lib/host/attributes.c, for tests that hold a kernel against it."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

_SOURCE = (Path(__file__).resolve().parents[1] / "lib/host/attributes.c").read_text()

# (place, pattern, whether it is saved), in the order of the table.
ROWS = [(place, "".join(re.findall(r'"([^"]*)"', pattern)), kind == "SAVED")
        for kind, place, pattern in re.findall(
            r'^\t(SAVED|NEVER)\((\w+),\s*("[^"]*")', _SOURCE, re.M)]

_PLACES = [(place, re.compile("/".join(
    part.replace("+([0-9])", "\0").replace("*", "[^/]*").replace("\0", "[0-9]+")
    for part in pattern.split("/")) + "/"))
    for place, pattern in re.findall(r'\{ HD_OF_(\w+), "([^"]+)" \}', _SOURCE)]


def row_of(path):
    """The row that an attribute falls under, path below the device's folder; or None."""
    for place, pattern in _PLACES:
        found = pattern.match(path)
        if found:
            name = path[found.end():]
            break
    else:
        place, name = "DEVICE", path
    return next((row for row in ROWS if row[0] == place and fnmatchcase(name, row[1])), None)


def without_a_row(paths):
    return sorted(path for path in paths if not row_of(path))
