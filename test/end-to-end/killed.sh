# Proves that a daemon sees what was there before it (a patch in place, its shadow variables), and that what is
# killed in the middle of a stall without a chance to clean up leaves nothing attached or pinned once it runs again,
# and the stall is one story: the tracer's worker alone is killed, then its parent, then the daemon and both together.
set -eu
source "$(dirname "$0")/support/steps.sh"

# What of BPF is in the kernel now, one kind and count per line.
bpf_there() {
  echo "programs $(bpftool prog show | grep -c '^[0-9]')"
  echo "links $(bpftool link show | grep -c '^[0-9]')"
  echo "pins $(ls /sys/fs/bpf | wc -l)"
  echo "kprobes $(grep -c ' [kr] ' /sys/kernel/debug/kprobes/list)"
}
# left NAME: keeps that for the test.
left() {
  bpf_there >"/lab/out/left-$1"
  say "left $1: $(tr '\n' ' ' <"/lab/out/left-$1")"
}
# The kernel takes a moment to free what a process that was killed held.
is_as_at() { [[ $(bpf_there) == "$(<"/lab/out/left-$1")" ]]; }
settles_as_at() {
  local deadline=$((SECONDS + 60))
  until is_as_at "$1" || ((SECONDS > deadline)); do sleep 1; done
}

tracer_parent() { pgrep -P "$daemon" -x klpscope-tracer; }
tracer_worker() { pgrep -P "$(tracer_parent)" -x klpscope-tracer; }
no_tracer() { ! pgrep -x klpscope-tracer >/dev/null; }
ended() { ! kill -0 "$1" 2>/dev/null; }

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

worker=$(tracer_worker)
parent=$(tracer_parent)
say "kill worker $worker of $parent"
kill -KILL "$worker"
wait_until 60 ended "$worker"
step worker-back
settles_as_at attached
left worker-back
[[ $(tracer_parent) == "$parent" ]] || fail 'the parent is another one'

worker=$(tracer_worker)
say "kill parent $parent of $worker"
kill -KILL "$parent"
wait_until 60 ended "$worker"
step parent-back
settles_as_at attached
left parent-back

tracers=$(pgrep -x klpscope-tracer | tr '\n' ' ')
say "kill daemon $daemon and tracers $tracers"
kill -KILL "$daemon" $tracers
wait "$daemon" || true
wait_until 60 no_tracer
settles_as_at never
left all-killed
launch_daemon
wait_ready
step both-back
settles_as_at attached
left both-back

tracers=$(pgrep -x klpscope-tracer | tr '\n' ' ')
say "kill daemon $daemon alone, of $tracers"
kill -KILL "$daemon"
wait "$daemon" || true
# They end with it.
wait_until 60 no_tracer
settles_as_at never
left daemon-killed
launch_daemon
wait_ready
step daemon-back
settles_as_at attached
left daemon-back

knob sleep 0
wait_gone klpt_patch_v1
step released
stop_daemon
wait_until 60 no_tracer
settles_as_at never
left stopped
