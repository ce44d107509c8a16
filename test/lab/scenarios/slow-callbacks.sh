# Proves that callbacks which take their time keep a load in pre_patch and a patch in pre_unpatch: sysfs shows both as
# in transition, though no task is concerned yet.
source "$(dirname "$0")/lib.sh"
load klpt_target
load klpt_patch_slow pre_patch_s=12 pre_unpatch_s=10 &
loading=$!
wait_until 20 in_transition klpt_patch_slow
holds_for 8 reads $livepatch/klpt_patch_slow/enabled 0
in_transition klpt_patch_slow || fail 'it is not in transition while its callback runs'
wait $loading
wait_patched klpt_patch_slow
holds_for 6 patched klpt_patch_slow
disable klpt_patch_slow &
disabling=$!
wait_until 20 in_transition klpt_patch_slow
holds_for 7 reads $livepatch/klpt_patch_slow/enabled 1
wait $disabling
wait_gone klpt_patch_slow
unload klpt_patch_slow
# This time the callback refuses, after a while.
refused insmod /lab/modules/klpt_patch_slow.ko pre_patch_s=3 answer=-19
unload klpt_target
