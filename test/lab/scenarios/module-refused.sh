# Proves that a module is refused when a patch in place cannot be applied to it, and the patch when the module
# is there first.
source "$(dirname "$0")/lib.sh"
load klpt_patch_missing
wait_patched klpt_patch_missing
refused insmod /lab/modules/klpt_bystander.ko
kernel_log_has "refusing to load module 'klpt_bystander'" || fail 'the kernel log does not say why'
disable klpt_patch_missing
wait_gone klpt_patch_missing
unload klpt_patch_missing
load klpt_bystander
refused insmod /lab/modules/klpt_patch_missing.ko
unload klpt_bystander
