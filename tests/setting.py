# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests are told: where what was built lies, how much of everything is asked for,
and after how long something hangs."""

import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
BUILD = TOP / "build"

# "make quick" asks for what is cheap, "make check-full" for all hosts, more seeds and
# more rounds.
_AMOUNT = os.environ.get("VIRT_HOSTDEV_TESTS") or "usual"
if _AMOUNT not in ("quick", "usual", "full"):
    raise ValueError(f"VIRT_HOSTDEV_TESTS is quick, usual or full, not {_AMOUNT!r}")
QUICK = _AMOUNT == "quick"
FULL = _AMOUNT == "full"

# What command-line tests run: built with the sanitizers, unless it has to be quick, or
# as distributions build.
PROGRAMS = BUILD / (os.environ.get("VIRT_HOSTDEV_PROGRAMS") or ("gcc" if QUICK else "asan"))

# Seconds. Nothing takes that long, on however busy a machine, unless it hangs for ever.
HANG = 900



def step_seconds():
    """What a host may take for a step where a test makes one hang. The other steps must
    be done in it, so a busy machine gets more, as the runner measured it."""
    return max(2, round(2 * float(os.environ.get("VIRT_HOSTDEV_SLOWNESS") or 1)))


def rounds(usual, full):
    """How often, or how many: a kind of scenario is never in the full run only."""
    assert 0 < usual <= full
    return full if FULL else usual
