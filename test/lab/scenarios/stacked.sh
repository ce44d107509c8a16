# Proves that two patches of one function stack, and that the lower one can be taken from under the upper.
source "$(dirname "$0")/lib.sh"
load klpt_target
load klpt_patch_v1
wait_patched klpt_patch_v1
load klpt_patch_stack
wait_patched klpt_patch_stack
reads /proc/klpt_target 'patched by klpt_patch_stack' || fail 'the upper patch does not run'
disable klpt_patch_v1
wait_gone klpt_patch_v1
reads /proc/klpt_target 'patched by klpt_patch_stack' || fail 'the upper patch does not run any more'
unload klpt_patch_v1
disable klpt_patch_stack
wait_gone klpt_patch_stack
unload klpt_patch_stack
unload klpt_target
