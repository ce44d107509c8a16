# Enables and disables a livepatch nobody stands in the way of, again and again, with and without the daemon.
# The plan has a line per block: SERIES CONDITION CYCLES. Durations are in the kernel log, between the marks.

# Under half a second before the next whole one there would be a second more to wait, by chance.
start_phase_ms=450

cycle() {
  wait_for_phase "$start_phase_ms"
  insmod /lab/modules/klpt_patch_v1.ko
  quietly_until at_rest klpt_patch_v1
  pause 0.5
  wait_for_phase "$start_phase_ms"
  echo 0 >"$livepatch/klpt_patch_v1/enabled"
  quietly_until gone klpt_patch_v1
  quietly_until rmmod_quietly klpt_patch_v1
  pause 0.5
}

measure_transitions() {
  local series condition cycles number
  read_tick_phase
  insmod /lab/modules/klpt_target.ko
  # The first of each is slower: files are read, memory is found.
  cycle
  while read -r -u 9 series condition cycles; do
    attach "$condition"
    for ((number = 1; number <= cycles; number++)); do
      mark "cycle $series $condition"
      cycle
      mark "end"
      say "cycle $series $condition $number/$cycles"
    done
  done 9</lab/out/transitions.plan
  attach nothing
  rmmod klpt_target
}
measure_transitions
