#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# First process of the emulated host: puts a writable overlay above the shared
# root file system and hands over to init.sh.  Any failure ends it, which makes
# the kernel panic, which ends QEMU and is reported with the console's last lines.
set -e
/bin/busybox mkdir -p /proc /sys /dev /lower /rw /new
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
echo "vm: mounting the root file system"
for module in $(cat /modules/order); do
	insmod "/modules/$module"
done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower
mount -t tmpfs -o mode=755 tmpfs /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work overlay /new
mkdir /new/vm
cp /vm/* /new/vm/
# What was written since the boot: the whole takes long to look through.
mkdir /new/vm/written
mount -o bind /rw/upper /new/vm/written
umount /dev
exec switch_root /new /vm/init.sh
