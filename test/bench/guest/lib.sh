# What the guest's parts of the benches share; sourced by session.sh. Between two marks nothing here starts a
# process, polls a file more than ten times a second or writes to the console: that would be measured too.
source "$LAB_CHECKOUT/test/lab/scenarios/lib.sh"
source "$LAB_CHECKOUT/test/lab/guest/daemon.sh"
patience_s=120
mkfifo /run/never
exec {never}<>/run/never

# pause SECONDS: sleep, without a process.
pause() { read -r -t "$1" -u "$never" || true; }

# quietly_until COMMAND…: like wait_until, without processes if COMMAND needs none.
quietly_until() {
  local deadline=$((SECONDS + patience_s))
  until "$@"; do
    ((SECONDS < deadline)) || fail "not within $patience_s s: $*"
    pause 0.1
  done
}

# file_reads FILE TEXT: without a process, unlike lib.sh's reads.
file_reads() {
  local text
  { read -r text <"$1"; } 2>/dev/null && [[ $text == "$2" ]]
}
at_rest() { file_reads "$livepatch/$1/transition" 0; }

# rest_after PATCH: until a patch that was disabled is gone, with its module.
rest_after() {
  quietly_until gone "$1"
  quietly_until rmmod_quietly "$1"
  pause 0.5
}

# mark WORD…: a line in the kernel log for the host to find.
mark() { echo "klpscope-bench: $*" >/dev/kmsg; }

# The kernel tries a transition again on whole seconds of its tick count. How far those are from whole seconds
# of /proc/uptime, in ms, is read once. Source: round_jiffies_relative(), kernel/time/timer.c; the count starts
# at -300 s in 32 bits; Debian's HZ is 250.
read_tick_phase() {
  local hz=250 now_ns ticks
  now_ns=$(sed -nE 's/^now at ([0-9]+) nsecs$/\1/p' /proc/timer_list | head -n 1)
  ticks=$(sed -nE 's/^jiffies: ([0-9]+)$/\1/p' /proc/timer_list | head -n 1)
  tick_phase_ms=$(((ticks % hz * 1000 / hz - now_ns / 1000000 % 1000 + 1000) % 1000))
}

# wait_for_phase MS: until the tick count is that far into its second.
wait_for_phase() {
  local uptime now_ms ms
  read -r uptime _ </proc/uptime
  now_ms=$((10#${uptime#*.} * 10 + tick_phase_ms))
  ms=$((($1 - now_ms % 1000 + 1000) % 1000))
  pause "0.$(printf %03d "$ms")"
}

no_process_named() { ! pgrep -x "$1" >/dev/null; }

# time_knob FILE NAME RUNS KNOB COUNT: a line per run in /lab/out/FILE, "NAME COUNT MICROSECONDS".
time_knob() {
  local number begun
  for ((number = 0; number < $3; number++)); do
    pause 1.5
    begun=${EPOCHREALTIME/./}
    echo "$5" >"$knobs/$4"
    echo "$2 $5 $((${EPOCHREALTIME/./} - begun))" >>"/lab/out/$1"
  done
}
