# Starting and stopping the daemon in the VM; sourced by session.sh, and by scripts that run with --no-daemon and
# start it at a moment of their own choosing. $daemon is the process id of the one that was launched, which is root's.
daemon_database=/run/klpscope/klpscope.db
daemon_log=/lab/out/daemon.log

daemon_answers() {
  local status
  exec 3<>/dev/tcp/127.0.0.1/8686 || return 1
  printf 'GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
  read -r -t 5 _ status _ <&3 || true
  exec 3>&-
  [[ $status == 200 ]]
} 2>/dev/null

# launch_daemon FLAG…: does not wait for it.
launch_daemon() {
  # Requests arrive from the host's side of QEMU's network, addressed to the port that is published there.
  klpscope daemon --db "$daemon_database" --listen 0.0.0.0:8686 --allow-remote \
    --allow-host "127.0.0.1:$LAB_DASHBOARD_PORT" --allow-host "localhost:$LAB_DASHBOARD_PORT" \
    "$@" >>"$daemon_log" 2>&1 &
  daemon=$!
}

# The daemon without root, which that one runs.
daemon_itself() { pgrep -P "$daemon" -x node; }

# await_daemon [SECONDS]: 0 when it is ready, 124 when it was not in time, 125 when the session is being stopped
# meanwhile ($stopping, session.sh), otherwise its own exit code (or 1).
# Asked once a second: asking more often would slow down what is waited for.
await_daemon() {
  local code=0 deadline=$((SECONDS + ${1:-300}))
  until daemon_answers; do
    if ! kill -0 "$daemon" 2>/dev/null; then
      wait "$daemon" || code=$?
      return $((code ? code : 1))
    fi
    [[ -z ${stopping-} ]] || return 125
    ((SECONDS < deadline)) || return 124
    sleep 1
  done
}

# The daemon writes its database back when it is asked to end; one that does not end in time is killed.
stop_daemon() {
  [[ -n ${daemon-} ]] || return 0
  kill -TERM "$daemon" 2>/dev/null || true
  timeout 60 tail --pid="$daemon" -s 0.1 -f /dev/null || kill -KILL "$daemon"
  wait "$daemon" 2>/dev/null || true
  daemon=
}
