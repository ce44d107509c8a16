# Transitions that one task holds up, with and without the daemon: the kernel log tells when it leaves (a mark) and when
# the transition is complete. The plan has a line per block: SERIES CONDITION CYCLES.

# Where in a tick second the task leaves, in ms: well before the kernel looks again, on a whole one.
leave_phase_ms=500
# The first looks are over, all others are switched, and the daemon does what it does in a stall.
stalled_s=4
# Nobody looks whether a transition is over before it should be.
undisturbed_s=2.5

let_go() {
  pause "$stalled_s"
  wait_for_phase "$leave_phase_ms"
  mark leaving
  echo 0 >"$knobs/sleep"
  pause "$undisturbed_s"
}

# held_cycle: enables the patch and disables it again, held up both times.
held_cycle() {
  hold_sleeper
  insmod /lab/modules/klpt_patch_v1.ko
  let_go
  quietly_until at_rest klpt_patch_v1
  hold_sleeper
  echo 0 >"$livepatch/klpt_patch_v1/enabled"
  let_go
  rest_after klpt_patch_v1
}

measure_stragglers() {
  local series condition cycles number
  read_tick_phase
  insmod /lab/modules/klpt_target.ko
  # The first of each is slower: files are read, memory is found.
  held_cycle
  while read -r -u 9 series condition cycles; do
    attach "$condition"
    for ((number = 1; number <= cycles; number++)); do
      mark "cycle $series $condition"
      held_cycle
      mark "end"
      say "cycle $series $condition $number/$cycles"
    done
  done 9</lab/out/straggler.plan
  attach nothing
  rmmod klpt_target
}
measure_stragglers
