#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Process 1 of an emulated host without systemd and udev: what they would have
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
	cat /etc/hostname >/proc/sys/kernel/hostname
	ip link set lo up
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

file_systems
static_nodes
network
echo "vm: loading the drivers"
drivers &
loading=$!
echo "vm: starting libvirtd"
daemons
wait $loading
exec /vm/agents.sh
