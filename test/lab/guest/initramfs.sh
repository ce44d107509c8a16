#!/bin/busybox sh
# First program in the lab's VM, run by a busybox that has all its commands built in: loads the drivers,
# mounts the host's files read-only with a layer of memory over them, and hands over to guest/init.sh of
# the checkout under test.
# Its own commands are found through /proc/self/exe, so this one has to be spelled out.
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
stty -F /dev/ttyS1 raw -echo
echo booted >/dev/ttyS1

# The host only wants to know whether this kernel boots under KVM.
if grep -q klpscope.probe /proc/cmdline; then
  poweroff -f
fi

while read -r module; do
  insmod "/modules/$module"
done </modules/order

options=trans=virtio,version=9p2000.L,msize=500000
mount -t 9p -o ro,cache=loose,$options host /host
mount -t tmpfs memory /memory
mkdir -p /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root
mkdir -p /root/lab/out /root/lab/session /root/lab/modules
# Uncached: what either side writes, the other sees at once.
mount -t 9p -o rw,cache=none,$options out /root/lab/out
mount -t 9p -o ro,cache=none,$options session /root/lab/session

. /root/lab/session/session.env
. "/root$LAB_HOST_CHECKOUT/test/lab/guest/init.sh"
