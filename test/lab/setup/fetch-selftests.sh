#!/bin/bash
# Takes the livepatch selftests of a lab kernel out of Debian's package of its source: DIR/scripts gets the scripts with
# their helper programs, DIR/sources the modules that they load, ready to be built. Runs as root in a mount namespace of
# its own; the package itself (135 MB) is in memory only.
#
# usage: unshare --mount fetch-selftests.sh ROOT RELEASE DIR OWNER
set -euo pipefail
shopt -s nullglob
root=$1 release=$2 dir=$3 owner=$4
export LC_ALL=C

mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/tmp/package" "$root/tmp/source"

# Of the very kernel that boots: its headers have the version of its source.
version=$(chroot "$root" dpkg-query --show --showformat='${Version}' "linux-headers-$release")
package=linux-source-$(cut -d. -f1,2 <<<"${release%%[-+]*}")
chroot "$root" env --chdir=/tmp/package \
  apt-get -qq -o APT::Sandbox::User=root download "$package=$version"
dpkg-deb --fsys-tarfile "$root"/tmp/package/*.deb |
  tar --extract --to-stdout "./usr/src/$package.tar.xz" |
  "$root/usr/bin/busybox" unxz -c |
  tar --extract --directory="$root/tmp/source" --strip-components=1 --no-same-owner --wildcards '*/livepatch'

cd "$root/tmp/source"
scripts=tools/testing/selftests/livepatch
# Before Linux 6.9 they were part of the kernel, if it was configured so.
sources=$scripts/test_modules
[[ -e $sources ]] || sources=lib/livepatch
{
  echo 'CONFIG_TEST_LIVEPATCH := m'
  cat "$sources/Makefile"
} >"$sources/Kbuild"
mkdir "$dir/sources" "$dir/scripts"
cp "$sources"/*.[ch] "$sources/Kbuild" "$dir/sources/"
cp "$scripts"/*.sh "$dir/scripts/"
for helper in "$scripts"/*.c; do
  gcc -O2 -o "$dir/scripts/$(basename "$helper" .c)" "$helper"
done
chown -R "$owner" "$dir/sources" "$dir/scripts"
