#!/bin/bash
# Process 1 of the lab's VM: starts the daemon, runs the script when it is ready, collects the results and
# turns the machine off. Tells the host how far it is, one line each, over the second serial port; the host
# answers `stop` there.

# Process 1 must not simply end: that is a kernel panic.
trap '/run/lab/busybox poweroff -f' EXIT
source /lab/session/session.env
source "$LAB_CHECKOUT/test/lab/guest/daemon.sh"
# Kept open, so that nothing the host says is lost between two readers.
exec {host}<>/dev/ttyS1

tell() { echo "$*" >&"$host"; }

# The host may say stop at any time: while the daemon attaches, while the script runs, or with neither.
stopping=
script=
trap 'stopping=1; end_script' USR1
listen_for_stop() {
  local line
  while read -r line; do [[ $line == stop ]] && kill -USR1 1 && return; done <&"$host"
}

# A script that is stopped gets time to end what it started, a daemon of its own above all.
end_script() {
  local tries
  [[ -n $script ]] && kill -TERM -- "-$script" 2>/dev/null || return 0
  for ((tries = 0; tries < 150; tries++)); do
    kill -0 -- "-$script" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$script" 2>/dev/null
}

start_daemon_or_tell() {
  local code
  launch_daemon $LAB_DAEMON_FLAGS
  await_daemon "$LAB_DAEMON_DEADLINE_S"
  code=$?
  case $code in
    0) tell daemon-ready ;;
    124) tell daemon-late ;;
    125) ;;
    *) tell "daemon-died $code" ;;
  esac
  return "$code"
}

# Runs until the script ends or the host says stop; without a script there is only the host to wait for.
run_script() {
  if [[ -z $LAB_SCRIPT ]]; then
    wait "$listener"
    return 0
  fi
  # A session of its own, so that what the script has started ends with it.
  setsid bash "$LAB_SCRIPT" </dev/null >/lab/out/script.log 2>&1 &
  script=$!
  [[ -z $stopping ]] || end_script
  wait "$script" 2>/dev/null
}

# For who compares the log's times with the daemon's: its clock is not quite CLOCK_MONOTONIC.
mark_clocks() {
  local uptime
  for _ in 1 2 3 4 5; do
    read -r uptime _ </proc/uptime
    echo "klpscope-lab: uptime $uptime" >/dev/kmsg
  done
}

# By now the daemon has stopped, so its files are at rest.
collect() {
  local file
  for file in "$daemon_database" "$daemon_database-wal"; do
    if [[ -e $file ]]; then cat "$file" >"/lab/out/${file##*/}"; fi
  done
  mark_clocks
  dmesg >/lab/out/dmesg.txt
}

export KLPSCOPE_URL=http://127.0.0.1:8686
export LAB_DASHBOARD_PORT
cd "$LAB_CHECKOUT" || exit 1
mark_clocks
listen_for_stop &
listener=$!
tell guest-ready
code=0
if [[ $LAB_DAEMON == 0 ]] || start_daemon_or_tell; then
  run_script
  code=$?
fi
script=
stop_daemon
collect
tell "done $code"
