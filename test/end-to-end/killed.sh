# Proves that a daemon sees what was there before it (a patch in place, its shadow variables), and that what is
# killed in the middle of a stall without a chance to clean up leaves nothing attached or pinned once it runs again,
# and the stall is one story: the tracers alone are killed, then the daemon and its tracers together.
set -eu
source "$(dirname "$0")/support/steps.sh"

# left NAME: what of BPF is in the kernel now, one kind and count per line.
left() {
  {
    echo "programs $(bpftool prog show | grep -c '^[0-9]')"
    echo "links $(bpftool link show | grep -c '^[0-9]')"
    echo "pins $(ls /sys/fs/bpf | wc -l)"
    echo "kprobes $(grep -c ' [kr] ' /sys/kernel/debug/kprobes/list)"
  } >"/lab/out/left-$1" || true
  say "left $1: $(tr '\n' ' ' <"/lab/out/left-$1")"
}
no_tracer() { ! pgrep -x bpftrace >/dev/null; }

left never
load klpt_target
load klpt_patch_v1
wait_patched klpt_patch_v1
knob create 3
knob free 1
launch_daemon
wait_ready
step attached
left attached
hold_sleeper
disable klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
step stalled

say "kill tracers $(pgrep -x bpftrace | tr '\n' ' ')"
kill -KILL $(pgrep -x bpftrace)
step tracers-back
left tracers-back

say "kill daemon $daemon and tracers $(pgrep -x bpftrace | tr '\n' ' ')"
kill -KILL "$daemon" $(pgrep -x bpftrace)
wait "$daemon" || true
wait_until 10 no_tracer
launch_daemon
wait_ready
step both-back
left both-back

knob sleep 0
wait_gone klpt_patch_v1
step released
stop_daemon
wait_until 10 no_tracer
left stopped
