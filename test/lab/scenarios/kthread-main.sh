# Proves that a kernel thread which never leaves its own main function keeps a patch of that function from ever getting
# through, signal rounds or not, and that reversing the transition is the way out.
source "$(dirname "$0")/lib.sh"
load klpt_nap
wait_until "$patience_s" thread_in klpt-napper klpt_nap_loop
load klpt_patch_nap
wait_until "$patience_s" in_transition klpt_patch_nap
holds_for 20 in_transition klpt_patch_nap
disable klpt_patch_nap
wait_gone klpt_patch_nap
unload klpt_patch_nap
unload klpt_nap
