#!/bin/bash
# Process 1 of the lab's VM: starts the daemon, runs the script when it is ready, collects the results and
# turns the machine off.
# Tells the host how far it is, one line each, over the second serial port; the host answers `stop` there.
# Process 1 must not simply end: that is a kernel panic.
trap '/run/lab/busybox poweroff -f' EXIT
source /lab/session/session.env
state=/run/klpscope
database=$state/klpscope.db

tell() { echo "$*" >/dev/ttyS1; }

daemon_answers() {
  local status
  exec 3<>/dev/tcp/127.0.0.1/8686 || return 1
  printf 'GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
  read -r -t 5 _ status _ <&3
  exec 3>&-
  [[ $status == 200 ]]
} 2>/dev/null

start_daemon() {
  klpscope daemon --db "$database" --listen 0.0.0.0:8686 >/lab/out/daemon.log 2>&1 &
  daemon=$!
  local deadline=$((SECONDS + LAB_DAEMON_DEADLINE_S))
  until daemon_answers; do
    if ! kill -0 "$daemon" 2>/dev/null; then
      wait "$daemon"
      tell "daemon-died $?"
      return 1
    fi
    if ((SECONDS >= deadline)); then
      tell daemon-late
      return 1
    fi
    sleep 0.2
  done
  tell daemon-ready
}

stop_daemon() {
  [[ -n ${daemon-} ]] || return 0
  kill -TERM "$daemon" 2>/dev/null
  timeout 20 tail --pid="$daemon" -s 0.1 -f /dev/null || kill -KILL "$daemon"
  wait "$daemon" 2>/dev/null
}

# Runs until the script ends or the host says stop. Without a script there is only the host to wait for.
run_script() {
  local listener script code
  exec 4</dev/ttyS1
  if [[ -z $LAB_SCRIPT ]]; then
    until [[ $line == stop ]]; do read -r line <&4 || return 1; done
    return 0
  fi
  setsid bash "$LAB_SCRIPT" </dev/null >/lab/out/script.log 2>&1 &
  script=$!
  (while read -r line; do [[ $line == stop ]] && kill -KILL -- "-$script"; done) <&4 &
  listener=$!
  wait "$script"
  code=$?
  kill "$listener"
  return "$code"
}

# The daemon has stopped, so the files are at rest.
collect() {
  local file
  for file in "$database" "$database-wal"; do
    if [[ -e $file ]]; then cat "$file" >"/lab/out/${file##*/}"; fi
  done
  dmesg >/lab/out/dmesg.txt
}

export KLPSCOPE_URL=http://127.0.0.1:8686
cd "$LAB_CHECKOUT" || exit 1
tell guest-ready
code=0
if [[ $LAB_DAEMON == 0 ]] || start_daemon; then
  run_script
  code=$?
  tell "script-exit $code"
fi
stop_daemon
collect
tell "done $code"
