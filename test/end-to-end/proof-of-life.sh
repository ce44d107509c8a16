# Proves that probes which are attached and do not fire are noticed, and which: ftrace switched off, kprobes switched off,
# one kprobe disabled, the tracer stopped; and that all is told anew when they fire again.
set -eu
source "$(dirname "$0")/support/steps.sh"

tracer_parent() { pgrep -P "$daemon" -x klpscope-tracer; }
tracer_worker() { pgrep -P "$(tracer_parent)" -x klpscope-tracer; }
# now NAME: keeps the monotonic clock for the test, which in this VM is the uptime.
now() {
  cut -d' ' -f1 /proc/uptime >"/lab/out/$1"
  say "$1"
}
# status NAME: what the command says, for the test.
status() { timeout 60 klpscope status >"/lab/out/status-$1" || true; }
# whole_life NAME: of a patch, right after the probes fire again.
whole_life() {
  load klpt_patch_v1
  wait_patched klpt_patch_v1
  knob create 2
  disable klpt_patch_v1
  wait_gone klpt_patch_v1
  unload klpt_patch_v1
}

load klpt_target
knob create 8
knob shadow_alloc '1 0x2001 16'
knob shadow_alloc '2 0x2001 16'
launch_daemon --stalled-after 60
wait_ready
step attached

now ftrace-off
sysctl -w kernel.ftrace_enabled=0
refused insmod /lab/modules/klpt_patch_v1.ko
knob shadow_free '1 0x2001'
knob shadow_alloc '3 0x2001 16'
knob shadow_alloc '4 0x2001 16'
step ftrace-off
status ftrace-off
now ftrace-on
sysctl -w kernel.ftrace_enabled=1
whole_life
step ftrace-on

now kprobes-off
echo 0 >/sys/kernel/debug/kprobes/enabled
step kprobes-off
now kprobes-on
echo 1 >/sys/kernel/debug/kprobes/enabled
whole_life
step kprobes-on

now disabled
load klpt_disarm function=klp_shadow_free_struct
knob shadow_free '2 0x2001'
step disabled
now enabled
unload klpt_disarm
step enabled

# Looked up first: on a slow machine that alone takes a second.
parent=$(tracer_parent)
worker=$(tracer_worker)
now stopped
kill -STOP "$worker"
load klpt_patch_v1
wait_patched klpt_patch_v1
step stopped
status stopped
now going-on
kill -CONT "$worker"
step going-on

parent=$(tracer_parent)
worker=$(tracer_worker)
now both-stopped
kill -STOP "$parent" "$worker"
step both-stopped
now both-going-on
kill -CONT "$parent" "$worker"
step both-going-on
disable klpt_patch_v1
wait_gone klpt_patch_v1
stop_daemon
