# SPDX-License-Identifier: GPL-2.0-or-later

# Installs what the list in packaging/packages names.
packages:
	packaging/install-packages

.PHONY: packages
