# SPDX-License-Identifier: GPL-2.0-or-later
fakekernel_src := $(sort $(wildcard tests/fakekernel/*.c))
fakekernel_obj := $(fakekernel_src:%.c=$(O)/%.o)
fakekernel := $(O)/tests/fakekernel/fakekernel

# A kernel to test on, for those who have libfuse: make fakekernel
fakekernel: $(fakekernel) $(O)/tests/fakekernel/hotplug/hotplug \
	$(O)/tests/fakekernel/libvirtd/libvirtd \
	$(O)/tests/fakekernel/systemd/systemd $(O)/tests/fakekernel/display/display \
	$(O)/tests/fakekernel/kmod/kmod.so

# It alone needs libfuse, so nothing else is built with it.
$(fakekernel_obj): hd_cflags += $(call cflags,fuse3)

$(fakekernel): $(fakekernel_obj)
	$(call link,fuse3)

# attach and detach without libvirt.
$(O)/tests/fakekernel/hotplug/hotplug: $(O)/tests/fakekernel/hotplug/hotplug.o \
		$(O)/lib/lib.a
	$(call link,$(lib_pkgs) $(xml_pkgs))

# What the hook finds above itself.
$(O)/tests/fakekernel/libvirtd/libvirtd: $(O)/tests/fakekernel/libvirtd/libvirtd.o
	$(call link)

# Who answers for systemd. It links what others load.
$(O)/tests/fakekernel/systemd/systemd: $(O)/tests/fakekernel/systemd/systemd.o
	$(call link,libsystemd)

# What becomes of the host's screen, step by step.
$(O)/tests/fakekernel/display/display: $(O)/tests/fakekernel/display/display.o \
		$(O)/lib/lib.a
	$(call link,$(lib_pkgs) $(xml_pkgs))

# Has the fake kernel load and unload modules.
$(O)/tests/fakekernel/kmod/kmod.so: tests/fakekernel/kmod/kmod.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(hd_cflags) -fPIC $(call cflags,libkmod) -shared -o $@ $<

.PHONY: fakekernel
