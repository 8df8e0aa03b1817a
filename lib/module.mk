# SPDX-License-Identifier: GPL-2.0-or-later
lib_src := $(sort $(wildcard lib/*.c))
lib_pkgs := libpci libkmod
pkgs += $(lib_pkgs)
