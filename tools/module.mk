# SPDX-License-Identifier: GPL-2.0-or-later
programs += $(O)/tools/virt-hostdev
install_targets += install-tool

tools_src := $(sort $(shell find tools -name "*.c"))
tools_pkgs := json-c smartcols libarchive libpcre2-8
# libvirt for its headers: it is loaded at run time, see lib/base/dl.h.
pkgs += $(tools_pkgs) libvirt

$(O)/tools/virt-hostdev: $(tools_src:%.c=$(O)/%.o) $(O)/lib/lib.a
	$(call link,$(lib_pkgs) $(xml_pkgs) $(tools_pkgs))

install-tool: $(O)/tools/virt-hostdev
	$(INSTALL) -d $(DESTDIR)$(bindir)
	$(INSTALL) -m 755 $(O)/tools/virt-hostdev $(DESTDIR)$(bindir)/virt-hostdev

.PHONY: install-tool
