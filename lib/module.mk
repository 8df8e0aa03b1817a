# SPDX-License-Identifier: GPL-2.0-or-later
lib_src := $(sort $(shell find lib -name "*.c"))
# For their headers: they are loaded when they are wanted, see dl.h.
lib_pkgs := blkid inih libarchive libkmod libmnl libpci libsystemd mount
pkgs += $(lib_pkgs)
