# Proves that a foreign fexit program makes the stack of a task that sleeps in the traced function unreliable,
# and that the transition goes on once the program is detached. Kernels since about the end of 2025 know their
# trampolines and switch the task all the same.
source "$(dirname "$0")/lib.sh"
load klpt_target
sleep 1000 &
sleeper=$!
bpftrace -e 'kretfunc:hrtimer_nanosleep { @ends = count(); }' >/dev/null 2>&1 &
tracer=$!
traced() { grep -q bpf_trampoline "/proc/$1/stack"; }
# The sleeper has to call the function after the program was attached, so start new ones until one is traced.
traced_sleeper() {
  if ! kill -0 "$tracer" 2>/dev/null; then
    kill "$sleeper"
    unload klpt_target
    not_here 'its bpftrace has no kretfunc'
  fi
  kill "$sleeper"
  sleep 1000 &
  sleeper=$!
  sleep 1
  traced "$sleeper"
}
wait_until "$patience_s" traced_sleeper
load klpt_patch_v1
settled() { kernel_log_has "sleep:$sleeper has an unreliable stack" || patched klpt_patch_v1; }
wait_until "$patience_s" settled
# Who is attached can be read only while it is: a tracer on a busy machine needs a moment for that.
sleep 5
kill "$tracer"
wait_patched klpt_patch_v1
kill "$sleeper"
disable klpt_patch_v1
wait_gone klpt_patch_v1
unload klpt_patch_v1
unload klpt_target
