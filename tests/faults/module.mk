# SPDX-License-Identifier: GPL-2.0-or-later
nomem := $(O)/tests/faults/nomem.so

# Preloaded into what is tested, it makes its memory run out. By its own flags:
# those of programs make no library of it.
$(nomem): tests/faults/nomem.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(hd_cflags) -O2 -fPIC -shared -o $@ $<

fakekernel: $(nomem)
