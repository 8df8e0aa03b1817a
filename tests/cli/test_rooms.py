# SPDX-License-Identifier: GPL-2.0-or-later
"""The rooms of the source, and who may know whom: what lib/README.md draws."""

import re
import subprocess
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# What each room may include, beside itself: what stands here, and what that
# may. Below lib/host, xml knows no more than these headers.
MAY = {
    "lib/base": [],
    "lib/host": ["lib/base"],
    "lib/request": ["lib/host"],
    "lib/display": ["lib/host"],
    "lib/state": ["lib/request", "lib/display"],
    "lib/rebind": ["lib/request", "lib/display"],
    "lib/guard": ["lib/request"],
    "lib/check": ["lib/state", "lib/rebind", "lib/guard"],
    "lib/catalogue": ["lib/host"],
    "lib/explain": ["lib/catalogue"],
    "lib/handover": ["lib/check", "lib/explain"],
    "lib/doctor": ["lib/handover"],
    "xml": ["lib/request", "lib/base", "lib/host/addr.h", "lib/host/rom.h", "lib/host/device.h"],
    "hooks": ["lib/handover", "lib/state", "xml"],
    "tools": ["lib/doctor", "xml"],
}

# Where the host keeps things is known to two headers and what stands beside
# them. What is data may name files: rules and rows of doctor what they look at,
# a known failure where one sees it, a capture what it takes.
KNOW_PATHS = ("lib/host/sysfs.", "lib/host/proc.", "lib/check/rules.", "lib/doctor/rows/",
              "lib/catalogue/", "tools/verb/capture/collect_")

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
# Not /proc/self/fd and exe: those are our own files.
HOST_PATH = re.compile(r"(?:/|^)(?:sys|proc)(?:/(?!self/(?:fd|exe))|$)")

INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def sources(*folders):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *folders],
                            cwd=TOP, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [TOP / name for name in listed.splitlines()
            if name.endswith((".c", ".h")) and (TOP / name).exists()]


def room_of(path):
    """The longest room that a path is in."""
    return max((room for room in MAY if path.startswith(room + "/")), key=len, default=None)


def allowed(room):
    """All rooms and headers that a room may include."""
    found, left = set(), [room]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            # xml's own list is whole: what it names is not what those may.
            left += MAY.get(each, []) if each == room or room != "xml" else []
    return found


class Rooms(unittest.TestCase):
    def test_arrows_point_down(self):
        wrong = []
        for source in sources(*MAY):
            name = str(source.relative_to(TOP))
            may = allowed(room_of(name))
            wrong += [f"{name} includes {included}" for included in INCLUDE.findall(source.read_text())
                      if room_of(included) not in may and included not in may]
        self.assertEqual(wrong, [])

    def test_every_source_is_in_a_room(self):
        self.assertEqual([str(path) for path in sources("lib", "xml", "hooks", "tools")
                          if room_of(str(path.relative_to(TOP))) is None], [])

    def test_host_paths_stand_in_one_place(self):
        wrong = []
        for source in sources("lib", "xml", "hooks", "tools"):
            name = str(source.relative_to(TOP))
            if not name.startswith(KNOW_PATHS):
                wrong += [f"{name} has {text}" for text in LITERAL.findall(COMMENT.sub("", source.read_text()))
                          if HOST_PATH.search(text)]
        self.assertEqual(wrong, [])

    def test_only_xml_knows_xml(self):
        self.assertEqual([str(path) for path in sources("lib", "hooks", "tools")
                          if "#include <libxml/" in path.read_text()], [])

    def test_absent_is_what_a_whole_document_has_not(self):
        """libxml2's own readers say NULL for that and for too little memory alike; xml/doc
        alone looks at the text of nodes, which it has proved to be there. glibc's
        open_memstream() loses what it has no memory for."""
        wrong = []
        for source in sources("lib", "xml", "hooks", "tools"):
            name = str(source.relative_to(TOP))
            text = COMMENT.sub("", source.read_text())
            if name != "lib/base/stream.c":
                wrong += [f"{name}: {word}" for word in re.findall(r"open_memstream", text)]
            wrong += [f"{name}: {word}" for word in
                      re.findall(r"xml(?:Get\w*Prop|Has\w*Prop|Node(?:List)?Get\w+|XPath\w+|"
                                 r"TextWriter\w+|Buf\w+|Save\w+|MemSetup)\b", text)]
            if not name.startswith("xml/doc/"):
                wrong += [f"{name}: {word}" for word in
                          re.findall(r"->ns->href|->children->content", text)]
        self.assertEqual(wrong, [])

    def test_page_draws_the_same_arrows(self):
        rows = re.findall(r"^\| `([a-z/]+)` \|(.*?)\|", (TOP / "lib" / "README.md").read_text(), re.M)
        self.assertEqual({room: re.findall("`(.*?)`", knows) for room, knows in rows}, MAY)
