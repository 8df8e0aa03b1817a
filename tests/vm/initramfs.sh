#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# First process of the emulated host: finds the root file system, installs the project
# in it and hands over to process 1. Any failure ends it, which makes the kernel
# panic, which ends QEMU and is reported with the console's last lines.
set -e
/bin/busybox mkdir -p /proc /sys /dev /lower /rw /new
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo "vm: mounting the root file system"
for module in $(cat /modules/order); do
	insmod "/modules/$module"
done
if grep -qw vm.disk /proc/cmdline; then
	mount -t ext4 /dev/vda /new
else
	# A writable overlay above the shared folder.
	mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower
	mount -t tmpfs -o mode=755 tmpfs /rw
	mkdir /rw/upper /rw/work
	mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work overlay /new
fi
mkdir -p /new/vm
cp /vm/* /new/vm/
# What was written since the boot: the whole takes long to look through.
if [ -d /rw/upper ]; then
	mkdir /new/vm/written
	mount -o bind /rw/upper /new/vm/written
fi
# No caching: both sides write here.
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none out /new/out
init=/vm/init.sh
if grep -qw vm.systemd /proc/cmdline; then
	init=/vm/systemd.sh
fi
chroot /new /vm/install.sh
umount /dev
umount /proc
exec switch_root /new "$init"
