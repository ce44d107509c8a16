# What is attached while something is measured; sourced by session.sh. `attach NAME` ends the one before.
attached=nothing

attach() {
  [[ $attached != "$1" ]] || return 0
  "detach_$attached"
  attached=$1
  say "attaching: $1"
  "attach_$1"
  # What is started for once (adopting, first snapshots) is not what is measured.
  pause "$bench_settle_s"
}

attach_nothing() { :; }
detach_nothing() { :; }

attach_daemon() {
  launch_daemon
  await_daemon "$LAB_DAEMON_DEADLINE_S" || fail "the daemon did not get ready; see daemon.log"
}
detach_daemon() {
  save_health daemon-health.json
  stop_daemon
  # The kernel takes the probes away while it ends.
  wait_until 60 no_process_named klpscope-tracer
}

# ask_daemon PATH: the answer's body.
ask_daemon() {
  local line
  exec 3<>/dev/tcp/127.0.0.1/8686
  printf 'GET /api/v1/%s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$1" >&3
  while IFS= read -r line <&3 && [[ $line != $'\r' ]]; do :; done
  cat <&3
  exec 3>&-
}

# calls_are_counted: of every patched function.
calls_are_counted() {
  local functions
  functions=$(ask_daemon functions)
  [[ $functions == *'"status":"on"'* && $functions != *'"status":"starting"'* ]]
}

# save_health FILE: what the daemon says of itself, for the host: were its probes really there?
save_health() { ask_daemon health >"/lab/out/$1"; }

# attach_program SCRIPT: a bpftrace of one's own, until detach_program.
attach_program() {
  bpftrace -B line -e "BEGIN { printf(\"up\\n\"); } $1" >/run/program.log 2>&1 &
  program=$!
  wait_until 120 program_is_up
}
program_is_up() {
  kill -0 "$program" 2>/dev/null || fail "bpftrace ended: $(cat /run/program.log)"
  reads /run/program.log up
}
detach_program() {
  kill -KILL "$program"
  wait "$program" 2>/dev/null || true
  wait_until 30 no_process_named bpftrace
}

# Its trampoline on the stack of whoever loads a livepatch makes that stack unreliable.
attach_fexit() { attach_program 'kretfunc:klp_enable_patch { @calls = count(); }'; }
detach_fexit() { detach_program; }
