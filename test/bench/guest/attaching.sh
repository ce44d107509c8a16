# How long the daemon's bpftrace takes to attach, given the types of the kernel that its script needs, and given all.
# attaching.sh in /lab/out says how often.
source /lab/out/attaching.sh

# copy_tracer: the script, the types and the settings of the bpftrace that runs.
copy_tracer() {
  local setting
  while IFS= read -r -d '' setting; do
    if [[ $setting == BPFTRACE_* ]]; then export "${setting?}"; fi
  done <"/proc/$(pgrep -x bpftrace | head -n 1)/environ"
  cp /run/klpscope/klpscope.bt /run/klpscope/klpscope.btf /run/
}

is_attached() {
  kill -0 "$tracer" 2>/dev/null || fail "bpftrace ended: $(tail -n 3 /run/attaching.log)"
  [[ $(</run/attaching.out) == *klpscope.ready* ]]
}

# time_attaching NAME: a line in /lab/out/attaching, "NAME MICROSECONDS".
time_attaching() {
  local begun=${EPOCHREALTIME/./} patience_s=900
  : >/run/attaching.out
  bpftrace -B line -f json /run/klpscope.bt >/run/attaching.out 2>/run/attaching.log &
  tracer=$!
  quietly_until is_attached
  echo "$1 $((${EPOCHREALTIME/./} - begun))" >>/lab/out/attaching
  say "attached, types: $1"
  kill -KILL "$tracer"
  wait "$tracer" 2>/dev/null || true
  wait_until 30 no_process_named bpftrace
}

measure_attaching() {
  local number
  attach daemon
  copy_tracer
  attach nothing
  for ((number = 0; number < attaching_runs; number++)); do
    export BPFTRACE_BTF=/run/klpscope.btf
    time_attaching needed
    unset BPFTRACE_BTF
    time_attaching all
  done
}
# Its settings are for nobody else.
(measure_attaching)
