# Proves that an atomic replace puts no-ops where the new patch has nothing, waits for tasks in the replaced
# patch's functions, skips its unpatch callbacks and lets its module go.
source "$(dirname "$0")/lib.sh"
noop=$livepatch/klpt_patch_v2/klpt_target/klpt_sleep_in_function,1
load klpt_target
load klpt_patch_v1
wait_patched klpt_patch_v1
knob create 3
expect_counts 0x1001 '3 3 0 0'
hold_sleeper
thread_in klpt-sleeper klpt_v1_sleep_in_function || fail 'the sleeper is not in the replacement'
load klpt_patch_v2
wait_until "$patience_s" in_transition klpt_patch_v2
holds_for 5 test -d "$noop"
knob sleep 0
wait_patched klpt_patch_v2
wait_gone klpt_patch_v1
wait_until "$patience_s" test ! -e "$noop"
if kernel_log_has 'klpt_patch_v1: post_unpatch'; then fail 'the replaced callback ran'; fi
unload klpt_patch_v1
reads /proc/klpt_target 'patched by klpt_patch_v2' || fail 'the replacement does not run'
knob create 2
expect_counts 0x1001 '5 5 0 0'
expect_counts 0x1002 '2 2 0 0'
disable klpt_patch_v2
wait_gone klpt_patch_v2
expect_counts 0x1001 '0 5 5 0'
expect_counts 0x1002 '0 2 2 0'
unload klpt_patch_v2
unload klpt_target
