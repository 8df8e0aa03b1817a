#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# confined.sh PROGRAM FOLDER: says how AppArmor lets libvirt's daemons run the
# hook's second program, where their profiles in FOLDER have no rule that does.
# They let hooks run what is in /usr/bin or in libvirt's own folder of programs.
program=$1
folder=$2
for daemon in libvirtd virtqemud; do
	profile=usr.sbin.$daemon
	test -e "$folder/$profile" || continue
	grep -qsE "^[[:space:]]*(${program%/*}/\*\*?|$program) +[a-zA-Z]*x" \
		"$folder/$profile" "$folder/local/$profile" && continue
	echo "AppArmor keeps $daemon's hooks from $program, so guests with PCI devices can't start." >&2
	echo "Fix: echo '$program PUx,' >>/etc/apparmor.d/local/$profile && apparmor_parser -r /etc/apparmor.d/$profile" >&2
done
