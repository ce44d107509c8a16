# Sourced by initramfs.sh in the VM: makes what is mounted at /root look like a running system, then runs
# the session (daemon, script, collecting results) in it as process 1. Still the initramfs' busybox, because
# starting the host's programs is slow in an emulated machine.

mount_kernel_filesystems() {
  mount -t sysfs sysfs /root/sys
  mount -t devtmpfs dev /root/dev
  mkdir -p /root/dev/pts /root/dev/shm
  mount -t devpts devpts /root/dev/pts
  mount -t tmpfs tmpfs /root/dev/shm
  mount -t tmpfs -o mode=755 tmpfs /root/run
  mount -t tracefs tracefs /root/sys/kernel/tracing
  mount -t debugfs debugfs /root/sys/kernel/debug
  mount -t bpf bpf /root/sys/fs/bpf
  mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
  # The C compiler inside newer bpftrace reads its sources through /dev/fd.
  ln -sfn /proc/self/fd /root/dev/fd
  ln -sfn /proc/self/fd/0 /root/dev/stdin
  ln -sfn /proc/self/fd/1 /root/dev/stdout
  ln -sfn /proc/self/fd/2 /root/dev/stderr
}

configure_kernel() {
  # Scenarios keep a CPU busy on purpose, and an emulated CPU is slow anyhow.
  echo 60 >/proc/sys/kernel/watchdog_thresh
  echo 'file kernel/livepatch/* +p' >/root/sys/kernel/debug/dynamic_debug/control
}

configure_network() {
  hostname klpscope-lab
  ip link set lo up
  # QEMU's user network: the host is 10.0.2.2, its forwarded port arrives at 10.0.2.15.
  ip link set eth0 up
  ip addr add 10.0.2.15/24 dev eth0
  ip route add default via 10.0.2.2
}

# The checkout has the same path in every VM, so that no recording holds one of the host's.
mount_lab_files() {
  mkdir -p "/root$LAB_CHECKOUT"
  mount -o bind "/root$LAB_HOST_CHECKOUT" "/root$LAB_CHECKOUT"
  mkdir -p /root/lib/modules
  mount -o bind "/root$LAB_KERNEL_MODULES" /root/lib/modules
  mount -o bind "/root$LAB_MODULES" /root/lab/modules
}

# The suite's own bpftrace and bpftool, of the kernel's age, see the VM's files under the same paths.
expose_suite() {
  local suite=/root$LAB_SUITE_ROOT dir program
  for dir in proc sys dev run; do mount -o rbind "/root/$dir" "$suite/$dir"; done
  for dir in /root/*; do
    [ -d "$dir" ] && [ ! -L "$dir" ] || continue
    dir=${dir#/root/}
    case $dir in
      bin | boot | dev | etc | lib | lib?? | lib??? | lost+found | proc | run | sbin | sys | usr | var) ;;
      *) mkdir -p "$suite/$dir" && mount -o rbind "/root/$dir" "$suite/$dir" ;;
    esac
  done
  for program in /usr/bin/bpftrace /usr/sbin/bpftool; do
    cat >"/root/usr/local/bin/${program##*/}" <<END
#!/bin/sh
# $program of the lab's Debian suite, in the same working directory where the suite has it.
cd=\$(pwd -P)
[ -d "$LAB_SUITE_ROOT\$cd" ] || cd=/
exec chroot "$LAB_SUITE_ROOT" /usr/bin/env -C "\$cd" $program "\$@"
END
    chmod +x "/root/usr/local/bin/${program##*/}"
  done
}

install_klpscope() {
  cat >/root/usr/local/bin/klpscope <<END
#!/bin/sh
exec "$LAB_NODE" "$LAB_CHECKOUT/dist/klpscope.js" "\$@"
END
  chmod +x /root/usr/local/bin/klpscope
  # For turning the machine off, when this one is gone with the initramfs.
  mkdir /root/run/klpscope /root/run/lab
  cp /bin/busybox /root/run/lab/busybox
}

mount_kernel_filesystems
configure_kernel
configure_network
mount -t proc proc /root/proc
mount_lab_files
expose_suite
install_klpscope
umount /proc
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
exec /bin/busybox switch_root /root /bin/bash "$LAB_CHECKOUT/test/lab/guest/session.sh"
