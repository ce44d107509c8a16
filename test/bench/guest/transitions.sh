# Enables and disables a livepatch nobody stands in the way of, again and again, with and without the daemon.
# The plan has a line per block: SERIES CONDITION CYCLES. Durations are in the kernel log, between the marks.

# This machine has one CPU: the kernel's first look suffices when nobody is held. With more, idle tasks that run
# on the others fail it or not by chance, and whatever wakes those CPUs, the daemon too, makes the chance better.
hold_for_quiet() { :; }
release_for_quiet() { :; }

# A kernel thread sleeps in a patched function and is let go after the first look, which therefore always fails;
# the second, on a tick second, always suffices.
hold_for_held() {
  echo 1 >"$knobs/sleep"
  pause 0.3
}
release_for_held() {
  pause 0.2
  echo 0 >"$knobs/sleep"
}

# Enabled without the daemon's counting of calls, disabled with it.
hold_for_counted() {
  if [[ $attached == daemon && -e $livepatch/klpt_patch_v1 ]]; then quietly_until calls_are_counted; fi
}
release_for_counted() { :; }

hold_for_control() { :; }
release_for_control() { :; }

# Where in a tick second a transition should begin, in ms. The kernel rounds the time of the second look to a
# tick second, with 250 ms as the border: keep away from that. Loading takes half a second under emulation.
load_phase_ms=100
disable_phase_ms=600

# Longer than a transition usually takes. RCU-tasks, for which the kernel waits in it, looks at the run queues at
# a few moments, and who is on one then decides about 0.1 s: asking whether the transition is over must not be that.
undisturbed_s=2.5

# cycle SERIES: enables the patch and disables it again.
cycle() {
  "hold_for_$1"
  wait_for_phase "$load_phase_ms"
  insmod /lab/modules/klpt_patch_v1.ko
  "release_for_$1"
  pause "$undisturbed_s"
  quietly_until at_rest klpt_patch_v1
  "hold_for_$1"
  wait_for_phase "$disable_phase_ms"
  echo 0 >"$livepatch/klpt_patch_v1/enabled"
  "release_for_$1"
  pause "$undisturbed_s"
  rest_after klpt_patch_v1
}

measure_transitions() {
  local series condition cycles number
  read_tick_phase
  insmod /lab/modules/klpt_target.ko
  # The first of each is slower: files are read, memory is found.
  cycle quiet
  while read -r -u 9 series condition cycles; do
    attach "$condition"
    for ((number = 1; number <= cycles; number++)); do
      mark "cycle $series $condition"
      cycle "$series"
      mark "end"
      say "cycle $series $condition $number/$cycles"
    done
  done 9</lab/out/transitions.plan
  attach nothing
  rmmod klpt_target
}
measure_transitions
