# Runs in the lab's VM (started by capture.sh): each scenario with a daemon of its own, which writes its raw
# records to /lab/out/NAME.recording and leaves its record as /lab/out/NAME.db. `restart`, `tracer-killed`, `no-tracer`, `pinned` and
# `hostile-names` are told here, the others in test/lab/scenarios.
#
# usage: guest.sh SCENARIO…
set -u
here=$(dirname "$0")
scenarios=$here/../lab/scenarios
work=/run/klpscope-recordings
# The daemon runs as nobody, and what it writes belongs to it.
install -d -m 700 -o nobody -g nogroup $work
source "$here/../lab/guest/daemon.sh"

# start NAME: a daemon whose raw records go to NAME.recording; later runs with the same $daemon_database go on with it.
start() {
  daemon_log=/lab/out/$1.log
  launch_daemon --record "$work/$1.recording"
  await_daemon 400
}

# Shadow variables older than the daemon are counted in.
adopted() {
  local deadline=$((SECONDS + 100))
  until klpscope shadow --json | grep -Eq '"adoption": ?"complete"'; do
    ((SECONDS < deadline)) || return 1
    sleep 1
  done
}

# The last scan of sysfs, one every 5 s, still has to see how it ended. Fails when the daemon does not end well.
stop() {
  sleep 7
  kill -TERM $daemon
  wait $daemon
}

stalled_on_sleeper() {
  source "$scenarios/lib.sh"
  load klpt_target
  hold_sleeper
  load klpt_patch_v1
  wait_until "$patience_s" in_transition klpt_patch_v1
  holds_for 4 in_transition klpt_patch_v1
}
released() {
  source "$scenarios/lib.sh"
  knob sleep 0
  wait_patched klpt_patch_v1
  disable klpt_patch_v1
  wait_gone klpt_patch_v1
  unload klpt_patch_v1
  unload klpt_target
}

# The daemon is stopped in the middle of a stalled transition and started again. One file: both runs.
restart() {
  start restart && (stalled_on_sleeper) && stop || return 1
  start restart && (holds_for_a_while; released) && stop
}
holds_for_a_while() { sleep 6; }

# The part of the tracer that traces is killed in the middle of a stalled transition; its parent starts another.
tracer-killed() {
  start tracer-killed && (stalled_on_sleeper) || return 1
  kill -KILL "$(children_of "$(children_of $daemon klpscope-tracer)" klpscope-tracer)"
  local deadline=$((SECONDS + 200))
  until (($(grep -ao '"source":"tracer","what":"attached"' $work/tracer-killed.recording | wc -l) >= 2)); do
    ((SECONDS < deadline)) || return 1
    sleep 0.5
  done
  sleep 4
  (released) && stop
}

# Without the tracer: sysfs, /proc and the kernel log only.
no-tracer() {
  local code=0 tracer=/lab/checkout/dist/klpscope-tracer
  mount -o bind /bin/false $tracer
  start no-tracer && bash "$scenarios/stall-sleeping.sh" && stop || code=1
  umount $tracer
  return $code
}

# A patch that a forced replace took away: its module is never let go. Leaves it so.
pinned() {
  start pinned || return 1
  (
    source "$scenarios/lib.sh"
    load klpt_target
    load klpt_patch_v1
    wait_patched klpt_patch_v1
    hold_sleeper
    load klpt_patch_v2
    wait_until "$patience_s" in_transition klpt_patch_v2
    holds_for 3 in_transition klpt_patch_v2
    echo 1 >$livepatch/klpt_patch_v2/force
    wait_patched klpt_patch_v2
    knob sleep 0
    # The finding waits a minute for a release that is merely slow.
    holds_for 70 patched klpt_patch_v2
  ) && stop
}

# Names that try to break every format on their way: of running tasks, and of the one who asks for a transition.
hostile-names() {
  start hostile-names || return 1
  local name sleepers=()
  # Assigning to $0 sets a perl's comm, in one piece.
  for name in $'new\nline' '"quotes"\\' $'tab\t)\x1b[31m' $'\tklpscope-end' $'\xff\xfe\xc3' '["task.blocked"'; do
    perl -e '$0 = shift; sleep 1 while 1' "$name" &
    sleepers+=($!)
  done
  (source "$scenarios/lib.sh"; load klpt_target; load klpt_patch_v1; wait_patched klpt_patch_v1) || return 1
  perl -e '$0 = shift; open my $file, ">", shift; print $file "0\n"' \
    $'a"b\n\\c\t\'}' /sys/kernel/livepatch/klpt_patch_v1/enabled || return 1
  (source "$scenarios/lib.sh"; wait_gone klpt_patch_v1; unload klpt_patch_v1; unload klpt_target) || return 1
  sleep 6
  kill "${sleepers[@]}"
  stop
}

children_of() {
  local status
  for status in /proc/[0-9]*/status; do
    if grep -qx "PPid:.$1" "$status" 2>/dev/null && grep -q "^Name:.$2" "$status"; then
      basename "$(dirname "$status")"
      return
    fi
  done
}

# Scenarios start from a machine without patches; best effort after a failure.
clean_up() {
  source "$scenarios/lib.sh"
  set +e
  [[ -e $knobs/sleep ]] && { echo 0 >$knobs/sleep; echo 0 >$knobs/spin; }
  local patch
  for patch in $livepatch/*; do echo 0 >"$patch/enabled"; done
  sleep 10
  rmmod klpt_patch_v2 klpt_patch_v1 klpt_target
} 2>/dev/null

code=0
for name in "$@"; do
  daemon_database=$work/$name.db
  echo "== $name"
  dmesg -C
  case $name in
    restart | tracer-killed | no-tracer | pinned | hostile-names) $name ;;
    *) start "$name" && adopted && bash "$scenarios/$name.sh" && stop ;;
  esac
  if [[ $? == 0 ]]; then cp "$work/$name.recording" "$daemon_database" /lab/out/; else
    echo "== $name FAILED"
    code=1
    kill -KILL $daemon 2>/dev/null
    (clean_up)
    cp "$work/$name.recording" "/lab/out/$name.failed"
  fi
done
exit $code
