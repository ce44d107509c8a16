# Transitions that one task holds up, with and without the daemon: the kernel log tells when it leaves (a mark) and when
# the transition is complete. Then what the daemon and its tracer take of the CPUs in a stall. straggler.plan in
# /lab/out has a line per block: SERIES CONDITION CYCLES; straggler.sh the rest.
source /lab/out/straggler.sh

# Where in a tick second the task leaves, in ms: well before the kernel looks again, on a whole one.
leave_phase_ms=500
# The first looks are over, all others are switched, and the daemon does what it does in a stall.
stalled_s=4
# Nobody looks whether a transition is over before it should be.
undisturbed_s=2.5

let_go() {
  pause "$1"
  wait_for_phase "$leave_phase_ms"
  mark leaving
  echo 0 >"$knobs/sleep"
  pause "$undisturbed_s"
}

enable_held() {
  hold_sleeper
  insmod /lab/modules/klpt_patch_v1.ko
}

# held_cycle: enables the patch and disables it again, held up both times.
held_cycle() {
  enable_held
  let_go "$stalled_s"
  quietly_until at_rest klpt_patch_v1
  hold_sleeper
  echo 0 >"$livepatch/klpt_patch_v1/enabled"
  let_go "$stalled_s"
  leave_behind_nothing
}

leave_behind_nothing() {
  quietly_until gone klpt_patch_v1
  quietly_until rmmod_quietly klpt_patch_v1
  pause 0.5
}

# cpu_ms PID…: what they have used, and those of their children that have ended. In /proc/PID/stat, in 1/100 s,
# behind the name, which may hold anything: proc_pid_stat(5).
cpu_ms() {
  local pid text fields sum=0
  for pid; do
    text=$(<"/proc/$pid/stat")
    read -ra fields <<<"${text##*) }"
    ((sum += fields[11] + fields[12] + fields[13] + fields[14]))
  done
  echo "$((sum * 10))"
}

# measure_stall: a line in /lab/out/stalls, "WINDOW DAEMON TRACER", in ms.
measure_stall() {
  local tracers daemon_ms tracer_ms begun
  enable_held
  pause "$stalled_s"
  tracers=$(pgrep -x klpscope-tracer)
  begun=${EPOCHREALTIME/./}
  daemon_ms=$(cpu_ms "$daemon")
  # shellcheck disable=SC2086
  tracer_ms=$(cpu_ms $tracers)
  pause "$stall_s"
  # shellcheck disable=SC2086
  echo "$(((${EPOCHREALTIME/./} - begun) / 1000)) $(($(cpu_ms "$daemon") - daemon_ms)) $(($(cpu_ms $tracers) - tracer_ms))" \
    >>/lab/out/stalls
  echo 0 >"$knobs/sleep"
  quietly_until at_rest klpt_patch_v1
  echo 0 >"$livepatch/klpt_patch_v1/enabled"
  leave_behind_nothing
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
  attach daemon
  for ((number = 1; number <= stalls; number++)); do
    measure_stall
    say "stall $number/$stalls"
  done
  attach nothing
  rmmod klpt_target
}
measure_stragglers
