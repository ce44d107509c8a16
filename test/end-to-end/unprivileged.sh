# Proves that the daemon that root starts is nobody's in particular: what it may do, what it may not, whose its files
# are; that it works the same at the socket of a tracer that somebody else starts; and that both end with one another.
set -eu
source "$(dirname "$0")/support/steps.sh"
source /lab/session/session.env

# Of all threads: identity, capabilities and no_new_privs.
privileges() {
  local status
  for status in /proc/"$1"/task/*/status; do grep -E '^(Name|Uid|Gid|Groups|Cap...|NoNewPrivs):' "$status"; done
}
tracer_parent() { pgrep -x klpscope-tracer | head -n 1; }
no_tracer() { ! pgrep -x klpscope-tracer >/dev/null; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# What the daemon's user, without privileges, may read: by its own identity, in its own place.
may_read() {
  local file
  for file in "$@"; do
    if setpriv --reuid="$service_user" --regid="$(id -g "$service_user")" --clear-groups --bounding-set=-all \
      --no-new-privs -- head -c 1 "$file" >/dev/null 2>&1; then echo "$file yes"; else echo "$file no"; fi
  done
}

# stall_and_release: a transition that a thread holds up, from its start to its end.
stall_and_release() {
  load klpt_target
  hold_sleeper
  load klpt_patch_v1
  wait_until "$patience_s" in_transition klpt_patch_v1
  step "$1-stalled"
  knob sleep 0
  wait_patched klpt_patch_v1
  disable klpt_patch_v1
  wait_gone klpt_patch_v1
  unload klpt_patch_v1
  unload klpt_target
  step "$1-released"
}

say 'as root'
service_user=nobody
launch_daemon --record /run/klpscope-recordings/unprivileged.recording
wait_ready
privileges "$(daemon_itself)" >/lab/out/privileges
ls -l "/proc/$(daemon_itself)/fd" >/lab/out/descriptors
find /run/klpscope /run/klpscope-recordings -printf '%u %m %y %p\n' >/lab/out/modes
may_read /etc/shadow /proc/kmsg /dev/kmsg /sys/kernel/tracing/trace /sys/kernel/debug/kprobes/list /proc/1/stack \
  /proc/1/patch_state /proc/1/environ /etc/passwd >/lab/out/may-read
stall_and_release root
daemon_pid=$(daemon_itself)
kill -KILL "$daemon_pid"
wait "$daemon" || echo "$?" >/lab/out/killed.code
wait_until 60 no_tracer
say 'its daemon was killed, and all is gone'

say 'another user'
useradd --system --no-create-home klpt-service 2>/dev/null || echo 'klpt-service:x:990:990::/:/bin/false' >>/etc/passwd
grep -q '^klpt-service:' /etc/group || echo 'klpt-service:x:990:' >>/etc/group
launch_daemon --user klpt-service
wait_ready
privileges "$(daemon_itself)" >/lab/out/privileges-user
find /run/klpscope -printf '%u %m %y %p\n' >/lab/out/modes-user
launcher=$daemon
kill -TERM "$launcher"
wait "$launcher" || echo "$?" >/lab/out/stopped.code
daemon=
wait_until 60 no_tracer

say 'what cannot work is refused in a sentence'
refused() {
  local code=0
  "${@:2}" >"/lab/out/refused-$1" 2>&1 </dev/null || code=$?
  echo "exit code $code" >>"/lab/out/refused-$1"
}
mkdir -m 755 /run/of-root
refused place klpscope daemon --db /run/of-root/record.db
refused user klpscope daemon --user klpt-nobody-has-this-name
refused root klpscope daemon --user root
refused nobody setpriv --reuid=nobody --regid=nogroup --clear-groups -- klpscope daemon --db /run/of-nobody/record.db

say 'at the socket of a tracer'
install -d -m 700 -o nobody -g nogroup /run/klpscope /run/of-nobody
chown -R nobody:nogroup /run/klpscope
"$LAB_NODE" "$(dirname "$0")/support/accept-yes.mjs" /run/of-nobody/tracer.socket nobody "$LAB_CHECKOUT/dist/klpscope-tracer" &
acceptor=$!
wait_until 30 test -S /run/of-nobody/tracer.socket
setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- \
  klpscope daemon --tracer /run/of-nobody/tracer.socket --db /run/of-nobody/record.db --listen 0.0.0.0:8686 --allow-remote \
  --allow-host "127.0.0.1:$LAB_DASHBOARD_PORT" --allow-host "localhost:$LAB_DASHBOARD_PORT" >/lab/out/of-nobody.log 2>&1 &
daemon=$!
wait_ready
privileges "$daemon" >/lab/out/privileges-socket
stall_and_release socket
# It is restarted for a reader that comes again.
kill -KILL "$(tracer_parent)"
step socket-restarted
kill -TERM "$daemon"
wait "$daemon" || echo "$?" >/lab/out/socket.code
daemon=
wait_until 60 no_tracer
kill -TERM "$acceptor"
cp /run/of-nobody/record.db* /lab/out/
say 'done'
