# SPDX-License-Identifier: GPL-2.0-or-later
install_targets += install-docs

completiondir ?= $(prefix)/share/bash-completion/completions

# Installs what the list in packaging/packages names.
packages:
	packaging/install-packages

install-docs:
	$(INSTALL) -d $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man7 \
		$(DESTDIR)$(completiondir)
	$(INSTALL) -m 644 packaging/man/virt-hostdev.1 $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 644 packaging/man/virt-hostdev-hook.7 $(DESTDIR)$(mandir)/man7
	$(INSTALL) -m 644 packaging/completions/virt-hostdev $(DESTDIR)$(completiondir)

.PHONY: packages install-docs
