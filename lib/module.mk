# SPDX-License-Identifier: GPL-2.0-or-later
lib_src := $(sort $(shell find lib -name "*.c"))
# libfdt has no file of pkg-config everywhere.
lib_pkgs := blkid libarchive libkmod libmnl libpci mount -lfdt
# libsystemd for its headers: it is loaded at run time, see lib/base/dl.h.
pkgs += $(filter-out -l%,$(lib_pkgs)) libsystemd
