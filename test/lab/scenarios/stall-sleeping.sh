# Proves that a task sleeping in a function to be patched stalls the transition until it leaves the function.
source "$(dirname "$0")/lib.sh"
load klpt_target
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
# By now every other task has been switched: what is left is the genuine stall.
holds_for 5 in_transition klpt_patch_v1
reads "/proc/$(thread_id klpt-sleeper)/patch_state" 0 || fail 'the sleeper has been switched'
knob sleep 0
wait_patched klpt_patch_v1
reads /proc/klpt_target 'patched by klpt_patch_v1' || fail 'the replacement does not run'
disable klpt_patch_v1
wait_gone klpt_patch_v1
reads /proc/klpt_target original || fail 'the original does not run again'
unload klpt_patch_v1
unload klpt_target
