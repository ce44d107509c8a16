# Proves that calls of patched functions are counted exactly: before a patch, in a stalled transition of either
# direction, while one patch replaces another, and that nothing fails or is left behind because they are.
set -eu
source "$(dirname "$0")/support/steps.sh"

# calls N: so many calls of klpt_proc_show.
calls() {
  local i
  for ((i = 0; i < $1; i++)); do cat /proc/klpt_target >/dev/null; done
  say "$1 calls"
}

load klpt_target
launch_daemon --stalled-after 5 --call-budget 200
wait_ready
calls 5
step unpatched

hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
step stalled
calls 7
step stalled-called

knob sleep 0
wait_patched klpt_patch_v1
calls 9
step patched-called

hold_sleeper
load klpt_patch_v2
wait_until "$patience_s" in_transition klpt_patch_v2
# Called all the time while one tracer takes over from the other.
handover=0
until [[ -e /lab/out/go-handover ]]; do
  cat /proc/klpt_target >/dev/null
  handover=$((handover + 1))
done
echo $handover >/lab/out/handover
step replacing
calls 11
step replacing-called

knob sleep 0
wait_patched klpt_patch_v2
wait_gone klpt_patch_v1
unload klpt_patch_v1
calls 13
step replaced-called

disable klpt_patch_v2
wait_gone klpt_patch_v2
# The probes are still there for a moment; these are calls of a function that nobody patches.
calls 20
unload klpt_patch_v2
step unpatched-again

load klpt_patch_v1
wait_patched klpt_patch_v1
hold_sleeper
step patched-again
# Its sleeper keeps the patch from leaving; every other task runs the original already.
disable klpt_patch_v1
holds_for 3 in_transition klpt_patch_v1
calls 6
step leaving-called
knob sleep 0
wait_gone klpt_patch_v1
unload klpt_patch_v1

load klpt_patch_v1
wait_patched klpt_patch_v1
step hot
until [[ -e /lab/out/go-hot-called ]]; do
  for _ in {1..50}; do read -r _ </proc/klpt_target; done
done
disable klpt_patch_v1
wait_gone klpt_patch_v1
unload klpt_patch_v1
unload klpt_target
stop_daemon
