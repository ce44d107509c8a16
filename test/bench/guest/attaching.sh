# How long the tracer takes from being executed until it says READY, and bpftrace with an equivalent script until its
# first probe fires, which is when all are attached. In turn; attaching.sh in /lab/out says how often.
source /lab/out/attaching.sh

# says TEXT: what is being attached does, among bytes of any kind.
says() {
  kill -0 "$attaching" 2>/dev/null || fail "it ended: $(tail -n 3 /run/attaching.log)"
  { [[ $(</run/attaching.out) == *"$1"* ]]; } 2>/dev/null
}

# time_attaching NAME PROCESS TEXT COMMAND…: a line in /lab/out/attaching, "NAME MICROSECONDS".
time_attaching() {
  local begun patience_s=900
  : >/run/attaching.out
  begun=${EPOCHREALTIME/./}
  "${@:4}" >/run/attaching.out 2>/run/attaching.log &
  attaching=$!
  quietly_until says "$3"
  echo "$1 $((${EPOCHREALTIME/./} - begun))" >>/lab/out/attaching
  say "attached: $1"
  cat /run/attaching.out /run/attaching.log >"/lab/out/attaching-$1"
  kill -KILL "$attaching"
  wait "$attaching" 2>/dev/null || true
  wait_until 60 no_process_named "$2"
}

# The script without the probes of functions that this kernel lacks: the tracer leaves them out, too.
write_script() {
  awk 'FNR == NR { known[$3]; next }
    /^kprobe:|^kretprobe:/ { split($1, probe, ":"); keep = probe[2] in known }
    /^BEGIN/ { keep = 1 }
    keep' /proc/kallsyms "$LAB_CHECKOUT/test/bench/equivalent.bt" >/run/equivalent.bt
}

measure_attaching() {
  local number
  attach nothing
  write_script
  for ((number = 0; number < attaching_runs; number++)); do
    time_attaching tracer klpscope-tracer '"attachMs"' "$LAB_CHECKOUT/dist/klpscope-tracer"
    time_attaching bpftrace bpftrace attached bpftrace -B line /run/equivalent.bt
  done
}
measure_attaching
