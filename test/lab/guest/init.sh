#!/bin/bash
# Second program in the lab's VM, now with the host's userland: makes it look like a running system,
# then runs the session (daemon, script, collecting results) and turns the machine off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
source /lab/session/session.env

# Process 1 must not simply end: that is a kernel panic.
trap 'busybox poweroff -f' EXIT

mount_kernel_filesystems() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t devtmpfs dev /dev 2>/dev/null
  mkdir -p /dev/pts /dev/shm
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tracefs tracefs /sys/kernel/tracing
  mount -t debugfs debugfs /sys/kernel/debug
  mount -t bpf bpf /sys/fs/bpf
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  # The C compiler inside newer bpftrace reads its sources through /dev/fd.
  ln -sfn /proc/self/fd /dev/fd
  ln -sfn /proc/self/fd/0 /dev/stdin
  ln -sfn /proc/self/fd/1 /dev/stdout
  ln -sfn /proc/self/fd/2 /dev/stderr
}

configure_kernel() {
  # Scenarios keep a CPU busy on purpose, and an emulated CPU is slow anyhow.
  echo 60 >/proc/sys/kernel/watchdog_thresh
  echo 'file kernel/livepatch/* +p' >/sys/kernel/debug/dynamic_debug/control
}

configure_network() {
  hostname klpscope-lab
  busybox ip link set lo up
  # QEMU's user network: the host is 10.0.2.2, its forwarded port arrives at 10.0.2.15.
  busybox ip link set eth0 up
  busybox ip addr add 10.0.2.15/24 dev eth0
  busybox ip route add default via 10.0.2.2
}

mount_lab_files() {
  mkdir -p /lib/modules /lab/modules
  mount --bind "$LAB_KERNEL_MODULES" /lib/modules
  mount --bind "$LAB_MODULES" /lab/modules
}

# The suite's own bpftrace and bpftool, of the kernel's age, see the VM's files under the same paths.
expose_suite() {
  local dir program
  for dir in proc sys dev run; do mount --rbind "/$dir" "$LAB_SUITE_ROOT/$dir"; done
  for dir in /*/; do
    dir=${dir%/}
    case $dir in
      /bin | /boot | /dev | /etc | /lib | /lib?? | /lib??? | /lost+found | /proc | /run | /sbin | /sys | /usr | /var) ;;
      *) mkdir -p "$LAB_SUITE_ROOT$dir" && mount --rbind "$dir" "$LAB_SUITE_ROOT$dir" ;;
    esac
  done
  for program in bpftrace bpftool; do
    cat >"/usr/local/bin/$program" <<-END
	#!/bin/sh
	cd=\$(pwd -P); [ -d "$LAB_SUITE_ROOT\$cd" ] || cd=/
	for path in /usr/bin/$program /usr/sbin/$program; do
	  [ -x "$LAB_SUITE_ROOT\$path" ] && exec chroot "$LAB_SUITE_ROOT" /usr/bin/env -C "\$cd" "\$path" "\$@"
	done
	echo "The lab's Debian suite has no $program." >&2; exit 127
	END
    chmod +x "/usr/local/bin/$program"
  done
}

install_klpscope() {
  cat >/usr/local/bin/klpscope <<-END
	#!/bin/sh
	exec "$LAB_NODE" "$LAB_CHECKOUT/dist/klpscope.js" "\$@"
	END
  chmod +x /usr/local/bin/klpscope
}

mount_kernel_filesystems
configure_kernel
configure_network
mount_lab_files
expose_suite
install_klpscope
bash "$LAB_CHECKOUT/test/lab/guest/session.sh"
