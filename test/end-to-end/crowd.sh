# Proves that a transition on a host with 20,000 threads loses nothing, and that 2,000 blocked tasks at once are
# all seen.
set -eu
source "$(dirname "$0")/support/steps.sh"

echo 200000 >/proc/sys/kernel/threads-max
echo 200000 >/proc/sys/kernel/pid_max
load klpt_target
launch_daemon --stalled-after 20
wait_ready 400
knob sleep 1
knob threads '20000 40'
say 'threads are there'
step attached

proc_states_fast >/lab/out/crowd.before
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
step crowd-blocked
proc_states_fast >/lab/out/crowd.blocked
knob sleep 0
wait_patched klpt_patch_v1
proc_states_fast >/lab/out/crowd.after
dmesg >/lab/out/crowd.dmesg
step crowd-switched

# Each try of each blocked task would be a line of the kernel log, and overrun it.
echo 'file kernel/livepatch/* -p' >/sys/kernel/debug/dynamic_debug/control
knob sleep 1
knob threads '3000 2000'
step stragglers
disable klpt_patch_v1
holds_for 5 in_transition klpt_patch_v1
step stragglers-blocked
proc_states_fast >/lab/out/stragglers.blocked
knob sleep 0
wait_gone klpt_patch_v1
step stragglers-switched
unload klpt_patch_v1
unload klpt_target
stop_daemon
