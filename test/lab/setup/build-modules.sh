#!/bin/bash
# Builds the kernel modules in SOURCES inside a lab suite, with that suite's compiler, and copies the .ko
# files to OUT. Runs as root in a mount namespace of its own: the build happens in memory and leaves no trace.
#
# usage: unshare --mount build-modules.sh ROOT RELEASE SOURCES OUT OWNER
set -euo pipefail
root=$1 release=$2 sources=$3 out=$4 owner=$5

# objtool reads /proc.
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/tmp/modules"
cp -rL "$sources/." "$root/tmp/modules/"
# Objects of another kernel, built in place earlier, would be taken for up to date.
find "$root/tmp/modules" \( -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' \) -type f -delete

chroot "$root" make --silent -j"$(nproc)" -C "/lib/modules/$release/build" M=/tmp/modules modules
built=$(find "$root/tmp/modules" -name '*.ko')
[[ -n $built ]] || { echo "nothing was built: no obj-m names a source in $sources"; exit 1; }
while read -r module; do
  cp "$module" "$out/"
  chown "$owner" "$out/${module##*/}"
done <<<"$built"
