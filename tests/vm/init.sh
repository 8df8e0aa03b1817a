#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Process 1 of the emulated host.  No systemd and no udev: what they would have
# done for libvirt and vfio is here.  Lines "vm: ..." are the progress reports.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8

file_systems() {
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t devtmpfs dev /dev
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	mount -t tmpfs -o mode=1777 tmpfs /tmp
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	# No caching: both sides write here.
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none out /out
	ln -s /proc/self/fd /dev/fd
	ln -s fd/0 /dev/stdin
	ln -s fd/1 /dev/stdout
	ln -s fd/2 /dev/stderr
}

# systemd makes this node from modules.devname, so that opening it loads vfio.
static_nodes() {
	mkdir -p /dev/vfio
	mknod -m 666 /dev/vfio/vfio c 10 196
}

network() {
	echo emulated-host >/proc/sys/kernel/hostname
	ip link set lo up
}

# libvirtd looks for hooks only when it starts, so the project goes in first.
install_project() {
	if [ -d /out/dest ]; then
		cp -a --no-preserve=ownership /out/dest/. /
	fi
}

# What costs time here and changes nothing for our hook: at each start of a guest
# libvirt would ask QEMU for each of 464 features of the guest's processor.
settings() {
	echo 'capability_filters = [ "cpu-unavailable-features" ]' >>/etc/libvirt/qemu.conf
	# A machine that is busy isn't one that is gone.
	echo 'keepalive_interval = -1' >>/etc/libvirt/libvirtd.conf
	mkdir -p /var/cache/libvirt/qemu
	cp -r /out/capabilities /var/cache/libvirt/qemu/
	printf '[host]\nstep-timeout = 240\n' >/etc/virt-hostdev.conf
}

drivers() {
	modprobe -a e1000 e1000e igb igbvf nvme
}

daemons() {
	mkdir -p /run/dbus /run/lock
	dbus-daemon --system --fork
	virtlogd -d
	/vm/libvirtd.sh start
}

agents() {
	local port
	for port in /sys/class/virtio-ports/*; do
		while :; do
			/vm/agent.pl "/dev/${port##*/}"
		done &
	done
}

file_systems
static_nodes
network
install_project
settings
echo "vm: loading the drivers"
drivers &
loading=$!
echo "vm: starting libvirtd"
daemons
wait $loading
echo "vm: ready"
dmesg --console-level debug
agents
# bash reaps the orphans of the whole machine as long as it waits.
while :; do
	wait
done
