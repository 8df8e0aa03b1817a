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
	$(call say,CC)$(CC) $(hd_cflags) $(hardening) -DHD_HOOK_PROGRAM='"$(hook_program)"' \
		$(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Written when it changes, as with another prefix.
$(O)/hooks/installed/path: FORCE
	@mkdir -p $(@D)
	@echo '$(hook_program)' | cmp -s - $@ || echo '$(hook_program)' >$@

hook_program_installed := $(DESTDIR)$(hook_program)

# The second program comes first: the first one knows whether they fit. It is
# replaced in one step, since the first may run it at any time.
install-hook: $(O)/hooks/installed/qemu $(O)/hooks/virt-hostdev-hook
	$(INSTALL) -d $(dir $(hook_program_installed))
	$(INSTALL) -m 755 $(O)/hooks/virt-hostdev-hook $(hook_program_installed).new
	mv -fT $(hook_program_installed).new $(hook_program_installed)
	INSTALL='$(INSTALL)' READELF='$(READELF)' packaging/install-hook \
		$(O)/hooks/installed/qemu $(DESTDIR)$(hookdir)
	@sh packaging/apparmor/confined.sh $(hook_program) $(DESTDIR)$(sysconfdir)/apparmor.d

.PHONY: install-hook FORCE
