# SPDX-License-Identifier: GPL-2.0-or-later
programs += $(O)/hooks/qemu
install_targets += install-hook

# Never libvirt: a hook that calls it waits for itself.
$(O)/hooks/qemu: $(O)/hooks/qemu.o $(O)/lib/lib.a
	$(call link,$(xml_pkgs) $(lib_pkgs))

# Somebody's own hook is not overwritten; libvirt 6.5 and newer also run what is
# in qemu.d. Once detected by libvirtd a hook may be replaced at any time, but
# not be half there: hence the rename.
install-hook: $(O)/hooks/qemu
	@if test -e $(DESTDIR)$(hookdir)/qemu && \
	    ! grep -q virt-hostdev $(DESTDIR)$(hookdir)/qemu; then \
		echo "$(DESTDIR)$(hookdir)/qemu is a hook of your own and stays as it is." >&2; \
		echo "Fix: mkdir -p $(hookdir)/qemu.d && install $(O)/hooks/qemu $(hookdir)/qemu.d/50-virt-hostdev" >&2; \
		exit 1; \
	fi
	$(INSTALL) -d $(DESTDIR)$(hookdir)
	$(INSTALL) -m 755 $(O)/hooks/qemu $(DESTDIR)$(hookdir)/.qemu.new
	mv -f $(DESTDIR)$(hookdir)/.qemu.new $(DESTDIR)$(hookdir)/qemu

.PHONY: install-hook
