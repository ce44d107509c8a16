# Proves that forcing ends a stalled transition, and what it costs: nothing later when patching was forced, a
# module that can never be removed when unpatching was.
source "$(dirname "$0")/lib.sh"
force() {
  say "force $1"
  echo 1 >"$livepatch/$1/force"
}
load klpt_target
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
holds_for 3 in_transition klpt_patch_v1
force klpt_patch_v1
wait_patched klpt_patch_v1
thread_in klpt-sleeper klpt_sleep_in_function || fail 'the sleeper is no longer held'
knob sleep 0

hold_sleeper
thread_in klpt-sleeper klpt_v1_sleep_in_function || fail 'the sleeper is not in the replacement'
disable klpt_patch_v1
holds_for 3 in_transition klpt_patch_v1
force klpt_patch_v1
wait_gone klpt_patch_v1
# The sleeper still has to return through the module.
knob sleep 0
holds_for 3 fails rmmod klpt_patch_v1
