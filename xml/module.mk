# SPDX-License-Identifier: GPL-2.0-or-later
xml_src := $(sort $(wildcard xml/*.c))
xml_pkgs := libxml-2.0
pkgs += $(xml_pkgs)
