# What the daemon and its tracer take of the CPU while a task holds up a transition. stall.sh in /lab/out says for how
# long, and how often.
source /lab/out/stall.sh

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
  local tracers daemons daemon_ms tracer_ms begun
  hold_sleeper
  insmod /lab/modules/klpt_patch_v1.ko
  pause 5
  tracers=$(pgrep -x klpscope-tracer)
  daemons="$daemon $(daemon_itself)"
  begun=${EPOCHREALTIME/./}
  daemon_ms=$(cpu_ms $daemons)
  tracer_ms=$(cpu_ms $tracers)
  pause "$stall_s"
  echo "$(((${EPOCHREALTIME/./} - begun) / 1000)) $(($(cpu_ms $daemons) - daemon_ms)) $(($(cpu_ms $tracers) - tracer_ms))" \
    >>/lab/out/stalls
  echo 0 >"$knobs/sleep"
  quietly_until at_rest klpt_patch_v1
  echo 0 >"$livepatch/klpt_patch_v1/enabled"
  rest_after klpt_patch_v1
}

measure_stalls() {
  local number
  load klpt_target
  attach daemon
  for ((number = 1; number <= stalls; number++)); do
    measure_stall
    say "stall $number/$stalls"
  done
  attach nothing
  unload klpt_target
}
measure_stalls
