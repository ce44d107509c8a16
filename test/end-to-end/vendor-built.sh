# Proves that patches built as vendors build them are seen like any other: replacements with their originals' names, the
# kernel's structures on the heap, no BTF, hundreds of functions of several objects, a namesake told apart by sympos.
set -eu
source "$(dirname "$0")/support/steps.sh"

# calls FILE N: reads it so many times, which calls its function each time.
calls() {
  local i
  for ((i = 0; i < $2; i++)); do cat "$1" >/dev/null; done
  say "$2 calls by $1"
}

# load_stripped MODULE: without BTF, as vendors ship it.
load_stripped() {
  objcopy --remove-section '.BTF*' "/lab/modules/$1.ko" "/run/$1.ko"
  fails grep -qaF .BTF "/run/$1.ko" || fail "$1 has BTF"
  say "insmod $1"
  insmod "/run/$1.ko"
}

load klpt_target
load klpt_twins
load klpt_many
launch_daemon --stalled-after 5
wait_ready

hold_sleeper
load_stripped kpatch_vendor
wait_until "$patience_s" in_transition kpatch_vendor
step stalled
knob sleep 0
wait_patched kpatch_vendor
reads /proc/klpt_first original || fail 'the first twin is patched'
reads /proc/klpt_second kpatch_vendor || fail 'the second twin is not patched'
step patched
calls /proc/cmdline 3
calls /proc/klpt_first 2
calls /proc/klpt_second 4
calls /proc/klpt_many 5
knob create 6
step called

load_stripped livepatch_vendor
wait_patched livepatch_vendor
wait_gone kpatch_vendor
unload kpatch_vendor
step replaced
calls /proc/cmdline 2
calls /proc/klpt_second 3
knob create 1
step replaced-called

knob free 7
disable livepatch_vendor
wait_gone livepatch_vendor
unload livepatch_vendor
unload klpt_many
unload klpt_twins
unload klpt_target
stop_daemon
