#!/bin/bash
# Builds one Debian suite for the lab: DIR/root is a userland with bpftrace, bpftool, the suite's kernel,
# what building modules for it takes, and a busybox for the initramfs; DIR/release is that kernel's name.
# Runs as root in a mount namespace of its own, so nothing it mounts outlives it.
#
# usage: unshare --mount build-suite.sh SUITE MIRROR KEYRING DIR     (KEYRING may be empty)
set -euo pipefail
suite=$1 mirror=$2 keyring=$3 dir=$4
root=$dir/root
export LC_ALL=C
# Tells the kernel packages' hooks to build no initramfs: the lab has its own.
export INITRD=No

in_root() { chroot "$root" "$@"; }

# A debootstrap older than the suite has no script for it; all of Debian's newer suites share sid's.
script=()
scripts=/usr/share/debootstrap/scripts
[[ -e $scripts/$suite ]] || script=("$scripts/sid")

echo "==> [$suite] base system"
debootstrap --variant=minbase ${keyring:+--keyring="$keyring"} "$suite" "$root" "$mirror" "${script[@]}"

mount -t proc proc "$root/proc"
# Services have no business in a chroot.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
# An incomplete cache is thrown away, so nothing is gained by syncing each file.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/lab"
# A mirror may lag behind the week for which a moving suite's index is valid; it is still signed.
echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/lab"
in_root apt-get -qq update

# What the meta package resolves to today; headers have to be of the very same build.
plan=$(in_root apt-get install --simulate --no-install-recommends linux-image-amd64)
release=$(sed -nE 's/^Inst linux-(image|binary)-([0-9][^ ]*-amd64) .*/\2/p' <<<"$plan" | head -n 1)
[[ -n $release ]] || { echo "linux-image-amd64 names no kernel package: $plan" >&2; exit 1; }

echo "==> [$suite] kernel $release, its headers, compiler, bpftrace"
in_root apt-get -qq install --no-install-recommends \
  linux-image-amd64 "linux-headers-$release" make kmod bpftrace bpftool busybox-static
in_root apt-get clean

# QEMU and the person at the keyboard may be an ordinary user.
chmod a+rx "$dir"
chmod a+r "$root/boot/vmlinuz-$release"
echo "$release" >"$dir/release"
