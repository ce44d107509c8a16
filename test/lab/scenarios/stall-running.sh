# Proves that a task which does not leave its CPU stalls the transition with reason "running".
source "$(dirname "$0")/lib.sh"
load klpt_target
hold_spinner
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
holds_for 8 in_transition klpt_patch_v1
kernel_log_has 'klpt-spinner' || fail 'the kernel log does not name the spinner'
knob spin 0
wait_patched klpt_patch_v1
disable klpt_patch_v1
wait_gone klpt_patch_v1
unload klpt_patch_v1
unload klpt_target
