#!/bin/sh
# Runs a user's own bpftrace script (klpscope daemon --probe) until standard input ends, as it does with the daemon,
# whatever ends that. It is started again when it fails, each time after a longer pause. The daemon may hold no
# privilege any more by then: it could neither start nor end what runs as root.
#
# usage: run-user-probe.sh SCRIPT 3>NEWS
# Writes what bpftrace -f json writes; to descriptor 3 a line for each start, `started`, and each end, `ended EXIT-CODE`;
# to standard error `klpscope: started` before what bpftrace complains of since then.
# Has to lead a process group of its own.
set -u
script=$1
lasted_s=60

# When memory is short it goes before anything of the host.
echo 500 >/proc/self/oom_score_adj

ending=
trap 'ending=1' TERM

exec 4<&0 </dev/null
(
  trap '' TERM
  exec >/dev/null 2>&1 3>&-
  read -r _ <&4
  # bpftrace prints its maps when it is asked to end.
  kill -TERM 0
  sleep 1
  kill -KILL 0
) &
exec 4<&-

uptime_s() { read -r up _ </proc/uptime && echo "${up%.*}"; }

# A signal ends the wait, and not what was waited for.
await() {
  code=0
  wait "$1" || code=$?
  while kill -0 "$1" 2>/dev/null; do
    code=0
    wait "$1" || code=$?
  done
}

pause_s=1
while [ -z "$ending" ]; do
  began_s=$(uptime_s)
  echo started >&3
  # What an earlier one wrote last may have no end of line.
  printf '\nklpscope: started\n' >&2
  setpriv --pdeathsig KILL bpftrace -B line -f json "$script" 3>&- &
  await $!
  [ -z "$ending" ] || exit 0
  echo "ended $code" >&3
  # By its own will: exit().
  [ "$code" -ne 0 ] || exit 0
  [ $(($(uptime_s) - began_s)) -lt $lasted_s ] || pause_s=1
  sleep $pause_s 3>&- &
  await $!
  pause_s=$((pause_s * 5 < 600 ? pause_s * 5 : 600))
done
