# SPDX-License-Identifier: GPL-2.0-or-later
install_targets += install-docs

completiondir ?= $(prefix)/share/bash-completion/completions

# Installs what the list in packaging/packages names.
packages:
	packaging/install-packages

# What lists verbs and options is made of the tool's own tables, by a program that
# is run: where that can't be done, it is built for the machine that builds.
filled := $(O)$(if $(CROSS)$(SYSROOT),/native)
pages := $(filled)/packaging/man/virt-hostdev.1 $(filled)/packaging/completions/virt-hostdev
fill_pages := $(O)/packaging/pages

all: $(pages)

ifneq ($(filled),$(O))
$(pages): fill-natively ;

fill-natively:
	@$(MAKE) CROSS= SYSROOT= CC='$(HOSTCC)' AR=ar READELF=readelf PKG_CONFIG=pkg-config \
		CPPFLAGS= CFLAGS=-O0 LDFLAGS= SANITIZE= O=$(filled) $(pages)

.PHONY: fill-natively
else
$(fill_pages): $(fill_pages).o $(filter-out %/tools/main.o,$(tools_src:%.c=$(O)/%.o)) \
		$(O)/lib/lib.a
	$(call link,$(lib_pkgs) $(xml_pkgs) $(tools_pkgs))

$(pages): $(O)/%: %.in $(fill_pages)
	@mkdir -p $(@D)
	$(call say,FILL)$(fill_pages) < $< > $@
endif

install-docs: $(pages)
	$(INSTALL) -d $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man7 \
		$(DESTDIR)$(completiondir)
	$(INSTALL) -m 644 $(filled)/packaging/man/virt-hostdev.1 $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 644 packaging/man/virt-hostdev-hook.7 $(DESTDIR)$(mandir)/man7
	$(INSTALL) -m 644 $(filled)/packaging/completions/virt-hostdev $(DESTDIR)$(completiondir)

.PHONY: packages install-docs
