# Proves that a stalled transition can be reversed, and that reversing needs no help from the stuck task.
source "$(dirname "$0")/lib.sh"
load klpt_target
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
holds_for 3 in_transition klpt_patch_v1
disable klpt_patch_v1
wait_gone klpt_patch_v1
thread_in klpt-sleeper klpt_sleep_in_function || fail 'the sleeper is no longer held'
reads /proc/klpt_target original || fail 'the original does not run'
knob sleep 0
unload klpt_patch_v1
unload klpt_target
