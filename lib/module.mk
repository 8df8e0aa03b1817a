# SPDX-License-Identifier: GPL-2.0-or-later
lib_src := $(sort $(wildcard lib/*.c))
# For their headers: both are loaded when they are wanted, see dl.h.
lib_pkgs := libpci libkmod inih libsystemd
pkgs += $(lib_pkgs)
