# Lets a test on the host and a script in the VM go step by step; sourced by the scripts of test/end-to-end.
set -eu
source "$(dirname "${BASH_SOURCE[0]}")/../../lab/scenarios/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../../lab/guest/daemon.sh"

# step NAME: tells the test that NAME is reached, and waits until the test has looked.
step() {
  say "step $1"
  : >"/lab/out/at-$1"
  wait_until 300 test -e "/lab/out/go-$1"
}

# GET PATH: the daemon's answer, without starting a process: one would show up in the tables compared here.
http_get() {
  local line
  exec 3<>/dev/tcp/127.0.0.1/8686
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
  while IFS= read -r line <&3 && [[ $line != $'\r' ]]; do :; done
  while IFS= read -r -d '' -n 65536 line <&3 || [[ -n $line ]]; do printf '%s' "$line"; done
  exec 3>&-
}

# One line per thread: tid and patch state, straight from /proc, without starting a process.
proc_states() {
  local dir state
  for dir in /proc/[0-9]*/task/[0-9]*; do
    if { read -r state <"$dir/patch_state"; } 2>/dev/null; then echo "${dir##*/} $state"; fi
  done
}

# The same by one process that is fast with thousands of threads; it is in the listing itself.
proc_states_fast() {
  perl -e 'for (glob "/proc/[0-9]*/task/[0-9]*") {
    next unless open my $file, "<", "$_/patch_state"; my $state = <$file> // next; m{(\d+)$}; print "$1 $state" }'
}

# looked: until the daemon has looked at all tasks and patches twice more; the first of these looks may have begun
# before. How often it looks depends on how busy the machine is. Starts no process: see http_get.
looked() {
  local answer last='' looks=-1 deadline=$((SECONDS + patience_s))
  while ((looks < 2)); do
    ((SECONDS < deadline)) || fail "the daemon has not looked at the tasks twice within $patience_s s"
    http_get '/api/v1/tasks?limit=1' >/lab/out/looked.json
    read -r -d '' answer </lab/out/looked.json || true
    [[ $answer =~ \"observedAt\":(null|\"[^\"]*\") ]] || fail "no observedAt in: $answer"
    if [[ ${BASH_REMATCH[1]} != "$last" ]]; then
      last=${BASH_REMATCH[1]}
      looks=$((looks + 1))
    fi
    read -r -t 0.5 <>/lab/never || true
  done
}

# compare NAME PATH: /proc before and after, and what the daemon says in between, for the test to compare.
# The second listing comes after the daemon's next look.
compare() {
  proc_states >"/lab/out/$1.before"
  looked
  http_get "$2" >"/lab/out/$1.json"
  proc_states >"/lab/out/$1.after"
}
[[ -e /lab/never ]] || mkfifo /lab/never

# wait_ready [SECONDS]: until the daemon's probes are attached.
wait_ready() { await_daemon "$@" || fail "the daemon did not get ready ($?); see daemon.log"; }
answers() { { exec 3<>/dev/tcp/127.0.0.1/8686; } 2>/dev/null && exec 3>&-; }
