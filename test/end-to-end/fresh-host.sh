# A host on which klpscope has never run: /var/lib, /var/log and /run are empty, and nothing is given but defaults.
if [[ ${1-} != inside ]]; then exec unshare --mount bash "$0" inside; fi
source "$(dirname "$0")/support/steps.sh"
source /lab/session/session.env
unset KLPSCOPE_URL

empty_directories() {
  local dir
  for dir in /var/lib /var/log /run; do mount -t tmpfs -o mode=755 tmpfs "$dir"; done
}

# attempt GROUP COMMAND…: what it prints and its exit code, for the test to look at.
attempt() {
  local code=0 name
  name="/lab/out/$1-$(tr -c 'a-z\n' - <<<"${*:2}")"
  klpscope "${@:2}" >"$name.txt" 2>&1 </dev/null || code=$?
  echo "$code" >"$name.code"
}

every_command() {
  attempt "$1" status
  attempt "$1" blocking
  attempt "$1" shadow
  attempt "$1" history
  attempt "$1" report
  attempt "$1" bundle -o /tmp/bundle.tar.gz
  attempt "$1" export --format ndjson
}

ended_with() {
  local code=0
  wait "$1" || code=$?
  echo "$code"
}

empty_directories
every_command before
attempt before doctor
attempt before replay /var/lib/klpscope/klpscope.db

say 'a daemon without a flag'
klpscope daemon >/lab/out/default.log 2>&1 &
daemon=$!
wait_until 60 answers
# Ended while it attaches, beside the other.
klpscope daemon --db /var/lib/second/record.db --listen 127.0.0.1:8687 >/lab/out/second.log 2>&1 &
second=$!
wait_until 90 grep -q listening /lab/out/second.log
ls /run/klpscope >/lab/out/run-directory.txt
kill -TERM "$second"
ended_with "$second" >/lab/out/second.code
wait_ready 900
kill -HUP "$daemon"
every_command after
find /var/lib/klpscope /var/lib/second /run/klpscope -printf '%m %y %p\n' >/lab/out/modes.txt
kill -TERM "$daemon"
ended_with "$daemon" >/lab/out/default.code
ls /run/klpscope >/lab/out/run-directory-after.txt

say 'npm start, as a stranger'
umount /run /var/log /var/lib
empty_directories
PATH="$(dirname "$LAB_NODE"):$PATH" setsid npm start >/lab/out/npm-start.txt 2>/lab/out/npm-start.err &
daemon=$!
wait_ready 900
wait_until 30 grep -q http /lab/out/npm-start.txt
attempt start status
find /var/lib/klpscope /var/log/klpscope -printf '%m %y %p\n' >/lab/out/start-modes.txt
kill -INT -- "-$daemon"
ended_with "$daemon" >/lab/out/npm-start.code
