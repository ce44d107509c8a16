# Proves the whole path: what was there before the daemon, a stall, its release, a replace and a disable, a
# daemon killed in the middle; each looked at in a browser and compared with the kernel's own account.
set -eu
source "$(dirname "$0")/support/steps.sh"

load klpt_target
knob create 2
knob shadow_alloc '1 0x2001 16'
knob shadow_alloc '2 0x2001 16'
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
launch_daemon --stalled-after 5
wait_until "$patience_s" answers
step adopted

wait_ready
step attached
compare stall '/api/v1/tasks?blocked=1'
step stall-compared

knob sleep 0
wait_patched klpt_patch_v1
step completed

compare quiet '/api/v1/tasks?limit=100000'
step quiet-compared

hold_sleeper
load klpt_patch_v2
wait_until "$patience_s" in_transition klpt_patch_v2
step replacing
knob sleep 0
wait_patched klpt_patch_v2
wait_gone klpt_patch_v1
unload klpt_patch_v1
knob create 3
knob shadow_storm 2000
knob free 1
cp "$knobs/shadow_counts" /lab/out/shadow-counts
step replaced

disable klpt_patch_v2
wait_gone klpt_patch_v2
unload klpt_patch_v2
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
kill -KILL "$daemon"
wait "$daemon" || true
no_tracer() { ! pgrep -x klpscope-tracer >/dev/null; }
# The kernel kills it with its parent; taking its probes off takes a moment.
wait_until 10 no_tracer
launch_daemon --stalled-after 5
wait_ready
ls /sys/fs/bpf >/lab/out/pins
step restarted
knob sleep 0
wait_patched klpt_patch_v1
step released
stop_daemon
ls /sys/fs/bpf >/lab/out/pins-after-stop
