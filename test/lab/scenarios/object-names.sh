# Proves that a patch for objects by names that no module has is enabled and changes nothing.
source "$(dirname "$0")/lib.sh"
load klpt_target
load klpt_patch_misnamed
wait_patched klpt_patch_misnamed
reads /proc/klpt_target original || fail 'klpt_target is patched'
holds_for 6 patched klpt_patch_misnamed
disable klpt_patch_misnamed
wait_gone klpt_patch_misnamed
unload klpt_patch_misnamed
unload klpt_target
