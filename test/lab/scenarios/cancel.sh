# Proves that a pre_patch callback which returns an error cancels the transition and the load.
source "$(dirname "$0")/lib.sh"
load klpt_target
refused insmod /lab/modules/klpt_patch_fail.ko
gone klpt_patch_fail || fail 'the cancelled patch is still registered'
kernel_log_has "pre-patch callback failed for object 'klpt_target'" || fail 'the kernel log does not say why'
reads /proc/klpt_target original || fail 'the original does not run'
unload klpt_target
