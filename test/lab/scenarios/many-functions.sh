# Proves that a patch of 241 functions, with a name of 55 letters and one function's of 135, goes in and out, also while
# a thread sleeps in the one with the long name.
source "$(dirname "$0")/lib.sh"
older_than 6.1 && not_here 'a name has no more than 127 letters'
patch=klpt_patch_many_with_as_many_letters_as_a_name_may_have
load klpt_many
echo 1 >/sys/module/klpt_many/parameters/hold
wait_until "$patience_s" thread_in klpt-long klpt_many_wait
load $patch
wait_until 20 in_transition $patch
holds_for 6 in_transition $patch
echo 0 >/sys/module/klpt_many/parameters/hold
wait_patched $patch
# Under a daemon: until it knows of each function in place whether its calls are counted.
counted() {
  [[ -z ${KLPSCOPE_URL-} ]] && return
  local functions
  functions=$(curl -s "$KLPSCOPE_URL/api/v1/functions")
  (($(grep -o '"counting":' <<<"$functions" | wc -l) >= 241)) &&
    ! grep -qE '"status":"starting"|no patch is in its place' <<<"$functions"
}
wait_until 480 counted
for _ in {1..10}; do cat /proc/klpt_many; done
holds_for 4 patched $patch
disable $patch
wait_gone $patch
unload $patch
unload klpt_many
