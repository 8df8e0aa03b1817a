# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of earlier commits, as a package before may have installed them."""

import fcntl
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

from setting import BUILD, TOP

# Which form of claims a commit has.
FORM_FILE = "lib/state/claim.h"
FORM = re.compile(r"virt-hostdev-claim (\d+)$", re.M)


class NoHistory(Exception):
    """Earlier commits are not to be had: of a tarball, or in a shallow clone."""


def with_history(commit):
    """For a class of tests: gives it the commit that they need. Without history one test
    stands for them, and says so."""
    def decorate(kind):
        def test_no_history(self):
            print(f"{self.id()}: nothing was tested, as {why}")

        try:
            kind.commit = commit()
        except NoHistory as error:
            why = str(error)
            return type(kind.__name__, (unittest.TestCase,),
                        {"__module__": kind.__module__, "test_no_history": test_no_history})
        return kind

    return decorate


def git(*words):
    """What it prints. Whoever the sources belong to, they are those that are tested."""
    try:
        result = subprocess.run(["git", "-c", f"safe.directory={TOP}", *words], cwd=TOP,
                                stdin=subprocess.DEVNULL, text=True, capture_output=True,
                                check=False)
    except OSError as error:
        raise NoHistory(f"git can't be run: {error}") from error
    if result.returncode:
        raise NoHistory("the history can't be read: " + result.stderr.strip())
    return result.stdout


def previous():
    return git("rev-parse", "--verify", "HEAD^").strip()


def of_other_form():
    """The last commit whose claims had another form than those of now."""
    now = FORM.search((TOP / FORM_FILE).read_text())
    if FORM.search(git("show", f"HEAD:{FORM_FILE}"))[1] != now[1]:
        return git("rev-parse", "HEAD").strip()  # it is being changed
    changes = git("log", "--format=%H", f"-Svirt-hostdev-claim {now[1]}", "HEAD", "--",
                  FORM_FILE).split()
    if not changes:
        raise NoHistory("the history is too short")
    return git("rev-parse", "--verify", changes[-1] + "^").strip()


def unpack(commit, folder):
    """Its sources, all of them or none."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as new:
        archive = Path(new) / "tar"
        git("archive", f"--output={archive}", commit)
        with tarfile.open(archive) as tar:
            tar.extractall(Path(new) / "sources", filter="data")
        (Path(new) / "sources").rename(folder)


def built(name, commit):
    """The folder with the hook and the tool of a commit. It is built once; what had that
    name before goes."""
    place = BUILD / "earlier" / name
    folder = place / commit
    place.mkdir(parents=True, exist_ok=True)
    lock = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for other in place.iterdir():
            if other != folder:
                shutil.rmtree(other)
        if not folder.exists():
            unpack(commit, folder)
        programs = folder / "build"
        result = subprocess.run(
            ["make", "-s", f"-j{len(os.sched_getaffinity(0))}", f"O={programs}", "CC=gcc",
             "CFLAGS=-O0", programs / "hooks/qemu", programs / "hooks/virt-hostdev-hook",
             programs / "tools/virt-hostdev"],
            cwd=folder, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
    finally:
        os.close(lock)
    if result.returncode:
        raise AssertionError(f"{commit} can't be built: {result.stdout}")
    return programs
