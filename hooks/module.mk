# SPDX-License-Identifier: GPL-2.0-or-later
programs += $(O)/hooks/qemu $(O)/hooks/virt-hostdev-hook
install_targets += install-hook

# What both programs have. qemu.c is the one that libvirt runs, and hook.c the
# one that it executes when a guest has devices.
hook_obj := $(O)/hooks/event.o $(O)/hooks/result.o
hook_program := $(libexecdir)/virt-hostdev-hook

# The C library alone: every guest pays for it.
$(O)/hooks/qemu $(O)/hooks/installed/qemu: $(O)/hooks/qemu.o $(hook_obj) \
		$(O)/lib/lib.a
	$(call link)

# Never libvirt: a hook that calls it waits for itself.
$(O)/hooks/virt-hostdev-hook: $(O)/hooks/hook.o $(hook_obj) $(O)/lib/lib.a
	$(call link,$(lib_pkgs) $(xml_pkgs))

# The first program has the path of the second in it. It can be run where it is
# built; the one that is installed is linked again, with another path. Nothing
# that somebody could set at run time leads it elsewhere.
$(O)/hooks/qemu: $(O)/hooks/program.o
$(O)/hooks/program.o: hd_cflags += \
	-DHD_HOOK_PROGRAM='"$(O)/hooks/virt-hostdev-hook"'
$(O)/hooks/installed/qemu: $(O)/hooks/installed/program.o

$(O)/hooks/installed/program.o: hooks/program.c $(O)/hooks/installed/path
	$(call say,CC)$(CC) $(hd_cflags) -DHD_HOOK_PROGRAM='"$(hook_program)"' \
		$(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Written when it changes, as with another prefix.
$(O)/hooks/installed/path: FORCE
	@mkdir -p $(@D)
	@echo '$(hook_program)' | cmp -s - $@ || echo '$(hook_program)' >$@

# The name below $(hookdir). libvirt 6.5 and newer also run what is in qemu.d.
hookname ?= qemu
hook := $(DESTDIR)$(hookdir)/$(hookname)

# $(call replace,FROM,TO,FOLDER): what libvirtd knows already may be replaced at
# any time, but not be half there: hence the rename.
replace = $(INSTALL) -d $(dir $(2)) && \
	$(INSTALL) -m 755 $(1) $(3)/.virt-hostdev.new && \
	mv -f $(3)/.virt-hostdev.new $(2)

# Somebody's own hook is not overwritten. The second program comes first: the
# first one knows whether they fit.
install-hook: $(O)/hooks/installed/qemu $(O)/hooks/virt-hostdev-hook
	@if test -e $(hook) && ! grep -q virt-hostdev $(hook); then \
		echo "$(hook) is a hook of your own and stays as it is." >&2; \
		echo "Fix: make install hookname=qemu.d/50-virt-hostdev" >&2; \
		exit 1; \
	fi
	$(call replace,$(O)/hooks/virt-hostdev-hook,$(DESTDIR)$(hook_program),$(DESTDIR)$(libexecdir))
	$(call replace,$(O)/hooks/installed/qemu,$(hook),$(DESTDIR)$(hookdir))
	@sh packaging/apparmor/confined.sh $(hook_program) $(DESTDIR)$(sysconfdir)/apparmor.d

.PHONY: install-hook FORCE
