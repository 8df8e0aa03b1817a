#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What guides install as /etc/libvirt/hooks/qemu today, in its shape: a script
# that runs what it finds in qemu.d/GUEST/OPERATION/SUBOPERATION.
guest=$1
hook=$2
state=$3
base=$(dirname "$0")
folder=$base/qemu.d/$guest/$hook/$state
if [ -f "$folder" ]; then
	"$folder" "$@"
elif [ -d "$folder" ]; then
	while read -r file; do
		"$file" "$@"
	done <<<"$(find -L "$folder" -maxdepth 1 -type f -executable -print)"
fi
