#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hands the emulated host to systemd, with what is ours as units of it, and root
# logged in at the screen.
units=/etc/systemd/system

# Nobody waits for these.
for each in serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer \
	dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-networkd-wait-online.service \
	libvirt-guests.service; do
	ln -sf /dev/null "$units/$each"
done

# The greeter, which comes with graphical.target, is for the scenarios that want it.
ln -sf /lib/systemd/system/multi-user.target "$units/default.target"

# libvirtd would ask QEMU about a KVM that is emulated, and that takes minutes.
echo blacklist kvm_amd >/etc/modprobe.d/vm.conf

mkdir -p "$units/getty@tty1.service.d" "$units/multi-user.target.wants"
cat >"$units/getty@tty1.service.d/login.conf" <<-'END'
	[Service]
	ExecStart=
	ExecStart=-/sbin/agetty --autologin root --noclear %I linux
END

cat >"$units/agents.service" <<-'END'
	[Unit]
	Description=What the harness talks to
	Wants=libvirtd.service virtlogd.service
	After=libvirtd.service getty@tty1.service
	[Service]
	ExecStart=/vm/agents.sh
	Environment=HOME=/root LANG=C.UTF-8
	KillMode=process
	OOMScoreAdjust=-900
END
ln -sf ../agents.service "$units/multi-user.target.wants/"

exec /sbin/init
