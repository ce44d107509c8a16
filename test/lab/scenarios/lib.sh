# What the scenarios share; sourced by each. Everything polls with a deadline, nothing sleeps and hopes.
set -eu
livepatch=/sys/kernel/livepatch
knobs=/sys/kernel/debug/klpt
# Emulated, traced and on a busy machine, a transition may take its time.
patience_s=90

say() { echo "[$(cut -d' ' -f1 /proc/uptime)] $*"; }

# not_here WHY: the scenario needs what this kernel has not, which is no failure.
not_here() {
  say "not on this kernel: $*"
  exit 0
}

# older_than VERSION: this kernel is.
older_than() { [[ $(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1) != "$1" ]]; }

fail() {
  say "FAILED: $*"
  exit 1
}

# wait_until SECONDS COMMAND…: until the command succeeds; fails when the time is up.
wait_until() {
  local seconds=$1 deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || fail "not within $seconds s: $*"
    sleep 0.1
  done
}

# holds_for SECONDS COMMAND…: the command has to succeed all the time.
holds_for() {
  local deadline=$((SECONDS + $1))
  shift
  while ((SECONDS < deadline)); do
    "$@" || fail "no longer true: $*"
    sleep 0.2
  done
}

fails() { ! "$@" 2>/dev/null; }

# refused COMMAND…: the kernel has to say no.
refused() {
  fails "$@" || fail "should have been refused: $*"
  say "refused, as it should be: $*"
}

reads() { [[ $(cat "$1" 2>/dev/null) == *"$2"* ]]; }

load() {
  say "insmod $*"
  insmod "/lab/modules/$1.ko" "${@:2}"
}

# A module that a livepatch has just let go of is released a moment later.
unload() {
  say "rmmod $1"
  wait_until "$patience_s" rmmod_quietly "$1"
}
rmmod_quietly() { rmmod "$1" 2>/dev/null; }

knob() {
  say "knob $1 = $2"
  echo "$2" >"$knobs/$1"
}
set_knob() { echo "$2" 2>/dev/null >"$knobs/$1"; }

in_transition() { reads "$livepatch/$1/transition" 1; }
patched() { reads "$livepatch/$1/transition" 0 && reads "$livepatch/$1/enabled" 1; }
gone() { [[ ! -e $livepatch/$1 ]]; }

wait_patched() {
  wait_until "$patience_s" patched "$1"
  say "$1 is in place"
}

# Reversing and disabling are the same request, made at different times.
disable() {
  say "disable $1"
  echo 0 >"$livepatch/$1/enabled"
}

wait_gone() {
  wait_until "$patience_s" gone "$1"
  say "$1 is gone"
}

# Process id of a kernel thread by its name.
thread_id() {
  local file
  file=$(grep -lsx "$1" /proc/[0-9]*/comm | head -n 1)
  basename "$(dirname "$file")"
}
# Is the thread in a call of that function, as its kernel stack shows it?
thread_in() { reads "/proc/$(thread_id "$1")/stack" "$2+"; }
thread_runs() { [[ $(cut -d' ' -f3 "/proc/$(thread_id "$1")/stat") == R ]]; }

hold_sleeper() {
  knob sleep 1
  wait_until "$patience_s" thread_in klpt-sleeper klpt_wait_for_release
}
hold_spinner() {
  knob spin 1
  wait_until "$patience_s" thread_runs klpt-spinner
}

# The module's own account of one shadow id: "live allocated freed found".
shadow_counts() { sed -n "s/^$1 //p" "$knobs/shadow_counts"; }
expect_counts() {
  [[ $(shadow_counts "$1") == "$2" ]] || fail "shadow counts of $1: $(shadow_counts "$1"), not $2"
}

# The log since this scenario began.
kernel_log_before=$(dmesg | wc -l)
kernel_log_has() { dmesg | tail -n "+$((kernel_log_before + 1))" | grep -qF "$1"; }
