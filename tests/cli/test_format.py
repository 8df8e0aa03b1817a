# SPDX-License-Identifier: GPL-2.0-or-later
"""Every C file is as clang-format writes it: make format."""

import re
import shutil
import subprocess
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
# One version, which Debian 12 and 13 have: others break lines elsewhere.
PROGRAM = re.search(r"^CLANG_FORMAT \?= (.*)$", (TOP / "Makefile").read_text(), re.M)[1]


class Format(unittest.TestCase):
    def test_clang_format_changes_nothing(self):
        if not shutil.which(PROGRAM):
            self.skipTest(f"there is no {PROGRAM}")
        names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                               cwd=TOP, stdout=subprocess.PIPE, text=True, check=True).stdout
        names = [name for name in names.splitlines() if (TOP / name).exists()]
        self.assertIn("tools/main.c", names)
        result = subprocess.run([PROGRAM, "--dry-run", "-Werror", *names], cwd=TOP, text=True,
                                stderr=subprocess.PIPE, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
