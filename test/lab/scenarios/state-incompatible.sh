# Proves that the kernel refuses a patch whose states are older than those of the patch in place.
source "$(dirname "$0")/lib.sh"
load klpt_target
load klpt_patch_v2
wait_patched klpt_patch_v2
refused insmod /lab/modules/klpt_patch_old.ko
kernel_log_has 'not compatible with the already installed livepatches' || fail 'the kernel log does not say why'
patched klpt_patch_v2 || fail 'the patch in place has suffered'
disable klpt_patch_v2
wait_gone klpt_patch_v2
unload klpt_patch_v2
unload klpt_target
