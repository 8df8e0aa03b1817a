# SPDX-License-Identifier: GPL-2.0-or-later
programs += $(O)/hooks/qemu
install_targets += install-hook

# Never libvirt: a hook that calls it waits for itself.
hook_src := $(sort $(wildcard hooks/*.c))

$(O)/hooks/qemu: $(hook_src:%.c=$(O)/%.o) $(O)/lib/lib.a
	$(call link)

# The name below $(hookdir). libvirt 6.5 and newer also run what is in qemu.d.
hookname ?= qemu
hook := $(DESTDIR)$(hookdir)/$(hookname)

# Somebody's own hook is not overwritten. A hook that libvirtd knows already may
# be replaced at any time, but not be half there: hence the rename.
install-hook: $(O)/hooks/qemu
	@if test -e $(hook) && ! grep -q virt-hostdev $(hook); then \
		echo "$(hook) is a hook of your own and stays as it is." >&2; \
		echo "Fix: make install hookname=qemu.d/50-virt-hostdev" >&2; \
		exit 1; \
	fi
	$(INSTALL) -d $(dir $(hook))
	$(INSTALL) -m 755 $< $(DESTDIR)$(hookdir)/.virt-hostdev.new
	mv -f $(DESTDIR)$(hookdir)/.virt-hostdev.new $(hook)

.PHONY: install-hook
