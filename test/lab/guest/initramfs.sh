#!/bin/busybox sh
# First program in the lab's VM: loads the drivers, mounts the host's files read-only with a layer of
# memory over them, and hands over to guest/init.sh of the checkout under test.
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t devtmpfs dev /dev
$bb stty -F /dev/ttyS1 raw -echo
echo booted >/dev/ttyS1

# The host only wants to know whether this kernel boots under KVM.
if $bb grep -q klpscope.probe /proc/cmdline; then
  $bb poweroff -f
fi

while read -r module; do
  $bb insmod "/modules/$module"
done </modules/order

options=trans=virtio,version=9p2000.L,msize=524288
$bb mount -t 9p -o ro,cache=loose,$options host /host
$bb mount -t tmpfs memory /memory
$bb mkdir -p /memory/upper /memory/work
$bb mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root
$bb mkdir -p /root/lab/out /root/lab/session
# Uncached: what either side writes, the other sees at once.
$bb mount -t 9p -o rw,cache=none,$options out /root/lab/out
$bb mount -t 9p -o ro,cache=none,$options session /root/lab/session

. /root/lab/session/session.env
$bb umount /proc
exec $bb switch_root /root /bin/bash "$LAB_CHECKOUT/test/lab/guest/init.sh"
