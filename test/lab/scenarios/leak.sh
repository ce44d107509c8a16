# Proves that shadow variables stay behind when the patch that owns them is disabled without freeing them.
source "$(dirname "$0")/lib.sh"
load klpt_target
load klpt_patch_v2 leak=1
wait_patched klpt_patch_v2
knob create 4
disable klpt_patch_v2
wait_gone klpt_patch_v2
unload klpt_patch_v2
expect_counts 0x1001 '4 4 0 0'
expect_counts 0x1002 '4 4 0 0'
# Nobody but the lab knows the ids by now.
holds_for 5 test -e "$knobs/shadow_counts"
knob shadow_free_all 0x1001
knob shadow_free_all 0x1002
expect_counts 0x1001 '0 4 4 0'
unload klpt_target
