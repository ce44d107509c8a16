# The wall clock of calls of a livepatched function, counted by the daemon and not; calls.sh in /lab/out says how many.
source /lab/out/calls.sh

time_calls() { time_knob calls "$1" "$call_runs" calls "$calls_per_run"; }

measure_calls() {
  load klpt_target
  time_calls original
  load klpt_patch_v1
  wait_patched klpt_patch_v1
  time_calls patched
  attach daemon
  quietly_until calls_are_counted
  time_calls counted
  ask_daemon functions >/lab/out/calls-functions.json
  attach nothing
  time_calls patched
  disable klpt_patch_v1
  wait_gone klpt_patch_v1
  unload klpt_patch_v1
  unload klpt_target
}
measure_calls
