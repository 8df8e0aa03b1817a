# SPDX-License-Identifier: GPL-2.0-or-later
lib_src := $(sort $(shell find lib -name "*.c"))
lib_pkgs := blkid libarchive libkmod libmnl libpci mount
# libsystemd for its headers: it is loaded at run time, see lib/base/dl.h.
pkgs += $(lib_pkgs) libsystemd
