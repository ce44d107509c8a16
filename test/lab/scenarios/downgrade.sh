# Proves that the kernel lets a lower version replace a higher one as long as the states allow it.
source "$(dirname "$0")/lib.sh"
load klpt_target
load klpt_patch_v1
wait_patched klpt_patch_v1
load klpt_patch_old
wait_patched klpt_patch_old
wait_gone klpt_patch_v1
reads /proc/klpt_target 'patched by klpt_patch_old' || fail 'the older patch does not run'
unload klpt_patch_v1
disable klpt_patch_old
wait_gone klpt_patch_old
unload klpt_patch_old
unload klpt_target
