# Proves that a variable which pre_patch allocates, while the module is still being loaded, is the patch's own, and
# stays when the patch is gone.
source "$(dirname "$0")/lib.sh"
load klpt_target
load klpt_patch_early
wait_patched klpt_patch_early
holds_for 4 patched klpt_patch_early
disable klpt_patch_early
wait_gone klpt_patch_early
unload klpt_patch_early
holds_for 8 gone klpt_patch_early
load klpt_patch_early clean=1
wait_patched klpt_patch_early
disable klpt_patch_early
wait_gone klpt_patch_early
unload klpt_patch_early
unload klpt_target
