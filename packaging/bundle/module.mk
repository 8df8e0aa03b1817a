# SPDX-License-Identifier: GPL-2.0-or-later
#
# A bundle is what runs wherever it is put, on any root file system: with a loader
# and libraries of its own.
#
#   bin/virt-hostdev, libexec/virt-hostdev-hook    start.c, which starts the loader
#   hooks/qemu             for libvirt, static: every guest pays for it
#   lib/virt-hostdev/      the programs; lib/ has the loader and the libraries
bundle := $(O)/bundle/virt-hostdev-$(VERSION)-$(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
bundle_start := $(O)/packaging/bundle/start
bundle_hook := $(O)/hooks/bundled/qemu

$(bundle_start) $(bundle_hook): hd_link_hardening := -static-pie \
	-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

$(bundle_start): $(bundle_start).o $(O)/lib/lib.a
	$(call link)

$(bundle_hook): $(O)/hooks/qemu.o $(hook_obj) $(O)/hooks/bundled/program.o \
		$(O)/packaging/bundle/static.o $(O)/lib/lib.a
	$(call link)

$(O)/hooks/bundled/program.o: hooks/program.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(hd_cflags) $(hardening) \
		-DHD_HOOK_PROGRAM='"../libexec/virt-hostdev-hook"' \
		$(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# In one step: what is there is whole.
bundle: all $(bundle_start) $(bundle_hook)
	rm -rf $(bundle) $(bundle).new
	$(INSTALL) -d $(addprefix $(bundle).new/,bin hooks libexec)
	$(INSTALL) -m 755 $(bundle_start) $(bundle).new/bin/virt-hostdev
	$(INSTALL) -m 755 $(bundle_start) $(bundle).new/libexec/virt-hostdev-hook
	$(INSTALL) -m 755 $(bundle_hook) $(bundle).new/hooks/qemu
	$(STRIP) $(addprefix $(bundle).new/,bin/virt-hostdev libexec/virt-hostdev-hook hooks/qemu)
	CC='$(CC)' READELF='$(READELF)' STRIP='$(STRIP)' SYSROOT='$(SYSROOT)' \
		packaging/bundle/collect $(bundle).new \
		$(O)/tools/virt-hostdev $(O)/hooks/virt-hostdev-hook
	$(INSTALL) -m 644 LICENSE packaging/bundle/README $(bundle).new
	$(MAKE) --no-print-directory install-docs install-schema DESTDIR= \
		prefix=$(bundle).new mandir=$(bundle).new/share/man \
		datadir=$(bundle).new/share \
		completiondir=$(bundle).new/share/bash-completion/completions
	mv $(bundle).new $(bundle)
	tar -C $(O)/bundle --sort=name --owner=0 --group=0 --numeric-owner --mode=a+rX,go-w \
		-czf $(bundle).tar.gz.new $(notdir $(bundle))
	mv $(bundle).tar.gz.new $(bundle).tar.gz

.PHONY: bundle
