# SPDX-License-Identifier: GPL-2.0-or-later
install_targets += install-schema

datadir ?= $(prefix)/share

xml_src := $(sort $(shell find xml -name "*.c"))
xml_pkgs := libxml-2.0
pkgs += $(xml_pkgs)

install-schema:
	$(INSTALL) -d $(DESTDIR)$(datadir)/virt-hostdev
	$(INSTALL) -m 644 xml/virt-hostdev-metadata.rng $(DESTDIR)$(datadir)/virt-hostdev

.PHONY: install-schema
