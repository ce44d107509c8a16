# Proves that two functions of one name in one module are patched one by one.
source "$(dirname "$0")/lib.sh"
load klpt_twins
load klpt_patch_twins
wait_patched klpt_patch_twins
reads /proc/klpt_first original || fail 'the first is patched'
reads /proc/klpt_second patched || fail 'the second is not patched'
holds_for 6 patched klpt_patch_twins
disable klpt_patch_twins
wait_gone klpt_patch_twins
unload klpt_patch_twins
load klpt_patch_twins both=1
wait_patched klpt_patch_twins
reads /proc/klpt_first patched || fail 'the first is not patched'
holds_for 8 patched klpt_patch_twins
# Whoever counts calls has begun to: three of the one, two of the other.
for _ in 1 2 3; do reads /proc/klpt_first patched || fail 'the first is not patched'; done
for _ in 1 2; do reads /proc/klpt_second patched || fail 'the second is not patched'; done
holds_for 3 patched klpt_patch_twins
disable klpt_patch_twins
wait_gone klpt_patch_twins
unload klpt_patch_twins
unload klpt_twins
