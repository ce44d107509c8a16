# Proves that the tracer alone sees a stalled transition, shadow variables, an atomic replace and calls as the kernel and
# the lab's modules tell them; that it holds no more privileges than it needs; that it comes back when it is killed, says
# from when to when it saw nothing, and leaves nothing behind; that a reader that stops costs records, which are counted.
set -eu
source "$(dirname "$0")/support/steps.sh"
tracer=$(dirname "$0")/../../dist/klpscope-tracer

# start_tracer NAME [OPTION…]: its frames go through a pipe to /lab/out/NAME.frames.
start_tracer() {
  begun=${EPOCHREALTIME/./}
  "$tracer" --shadow-check 2 "${@:2}" > >(exec cat >"/lab/out/$1.frames") 2>"/lab/out/$1.log" &
  parent=$!
  wait_until 120 readies "$1" 1
  say "$1: attached $(((${EPOCHREALTIME/./} - begun) / 1000)) ms after it was started"
}
# readies NAME COUNT: it has said so many times that its probes are attached.
readies() { (($(grep -ao '"attachMs"' "/lab/out/$1.frames" | wc -l) >= $2)); }
ended() { ! kill -0 "$1" 2>/dev/null; }
# resident PID: what its memory was at most, and is now, in kB.
resident() { sed -nE 's/^Vm(HWM|RSS):\s+([0-9]+) kB$/\1 \2/p' "/proc/$1/status" | tr '\n' ' '; }

start_tracer whole
worker=$(pgrep -P "$parent" klpscope-tracer)
cp "/proc/$worker/status" /lab/out/worker-status
# What the tracer tells does not hang on who may read /proc/kallsyms.
echo 2 >/proc/sys/kernel/kptr_restrict
load klpt_target
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
# Records meanwhile, among which the rows of the lists have to find their place.
stalled() {
  echo 200 >"$knobs/shadow_storm"
  in_transition klpt_patch_v1
}
holds_for 12 stalled
knob sleep 0
wait_patched klpt_patch_v1
knob create 10
knob shadow_storm 5000
load klpt_patch_v2 leak=1
wait_patched klpt_patch_v2
wait_gone klpt_patch_v1
knob create 5
# Until the calls of what is patched now are counted.
read -r -t 6 <>/lab/never || true
for ((call = 0; call < 20; call++)); do cat /proc/klpt_target >/dev/null; done
# Until the walk of the hash has seen all of it.
read -r -t 6 <>/lab/never || true
cp "$knobs/shadow_counts" /lab/out/shadow-counts
echo 1 >/proc/sys/kernel/kptr_restrict
grep -F '[klpt_' /proc/kallsyms >/lab/out/kallsyms
cp /sys/kernel/tracing/enabled_functions /lab/out/enabled-functions
echo 'klpscope-lab: not said by the kernel' >/dev/kmsg
dmesg >/lab/out/log-whole
read -r -t 1 <>/lab/never || true
say "memory of the tracer in kB, and of its parent: $(resident "$worker"), $(resident "$parent")"
begun=${EPOCHREALTIME/./}
kill "$parent"
wait "$parent"
say "stopped within $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
wait_until 60 ended "$worker"
disable klpt_patch_v2
wait_gone klpt_patch_v2
unload klpt_patch_v1

start_tracer killed
worker=$(pgrep -P "$parent" klpscope-tracer)
kill -KILL "$worker"
wait_until 120 readies killed 2
load klpt_patch_stack
wait_patched klpt_patch_stack
disable klpt_patch_stack
wait_gone klpt_patch_stack
worker=$(pgrep -P "$parent" klpscope-tracer)
kill -KILL "$parent"
wait_until 60 ended "$worker"
unload klpt_patch_stack

# A tracing program of somebody else on the stack of a sleeping task. Its sleep has to begin after that is attached.
traced_sleeper() {
  [[ -z $sleeper ]] || kill "$sleeper"
  sleep 1000 &
  sleeper=$!
  read -r -t 1 <>/lab/never || true
  grep -q bpf_trampoline "/proc/$sleeper/stack"
}
if [[ $(uname -r) != 5.10.* ]]; then
  bpftrace -e 'kretfunc:hrtimer_nanosleep { @ends = count(); }' >/dev/null 2>&1 &
  foreign=$!
  sleeper=
  wait_until "$patience_s" traced_sleeper
  start_tracer traced
  worker=$(pgrep -P "$parent" klpscope-tracer)
  load klpt_patch_stack
  # Kernels of 2026 see through trampolines, and switch the task.
  read -r -t 6 <>/lab/never || true
  cat "/proc/$sleeper/stack" >/lab/out/traced-stack
  kill "$foreign"
  wait_patched klpt_patch_stack
  disable klpt_patch_stack
  wait_gone klpt_patch_stack
  kill "$sleeper" "$parent"
  wait "$parent"
  wait_until 60 ended "$worker"
  unload klpt_patch_stack
fi

dmesg >/lab/out/log
# A reader that stops: what finds no room is counted, and nothing waits for it.
start_tracer slow --buffer 64
worker=$(pgrep -P "$parent" klpscope-tracer)
reader=$(pgrep -P "$parent" cat)
kill -STOP "$reader"
say 'the reader stops'
deadline=$((SECONDS + 45))
while ((SECONDS < deadline)); do
  echo 500 >"$knobs/shadow_storm"
  read -r -t 0.3 <>/lab/never || true
done
# More than the kernel's log holds in the lab, which are 4 MB: what was not read by now is overwritten.
dmesg -n 1
perl -e 'syswrite STDOUT, "<14>klpscope-lab: " . "x" x 900 . "\n" for 1 .. 8000' >/dev/kmsg
say "memory of the tracer behind a reader that stopped: $(resident "$worker")"
kill -CONT "$reader"
read -r -t 3 <>/lab/never || true
kill "$parent"
wait "$parent"
wait_until 60 ended "$worker"

# A reader that goes takes the tracer with it.
"$tracer" 2>/dev/null | head -c 30000 >/dev/null
say 'the tracer ended with its reader'
