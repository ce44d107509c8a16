# Proves that probes which are attached and do not fire are noticed, and which: ftrace switched off, kprobes switched off,
# one kprobe disabled, the tracer stopped; and that all is told anew when they fire again.
set -eu
source "$(dirname "$0")/support/steps.sh"

tracer_parent() { pgrep -P "$daemon" -x klpscope-tracer; }
tracer_worker() { pgrep -P "$(tracer_parent)" -x klpscope-tracer; }
uptime_s() { cut -d' ' -f1 /proc/uptime; }
# at NAME COMMAND…: keeps the monotonic clock for the test, which in this VM is the uptime, before and after the command.
at() {
  local name=$1
  shift
  say "$name"
  uptime_s >"/lab/out/$name"
  "$@"
  uptime_s >"/lab/out/$name-done"
}
switch_kprobes() { echo "$1" >/sys/kernel/debug/kprobes/enabled; }
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

at ftrace-off sysctl -w kernel.ftrace_enabled=0
refused insmod /lab/modules/klpt_patch_v1.ko
knob shadow_free '1 0x2001'
knob shadow_alloc '3 0x2001 16'
knob shadow_alloc '4 0x2001 16'
step ftrace-off
status ftrace-off
at ftrace-on sysctl -w kernel.ftrace_enabled=1
whole_life
step ftrace-on

at kprobes-off switch_kprobes 0
step kprobes-off
at kprobes-on switch_kprobes 1
whole_life
step kprobes-on

at disabled load klpt_disarm function=klp_shadow_free_struct
knob shadow_free '2 0x2001'
step disabled
at enabled unload klpt_disarm
step enabled

# Looked up first: on a slow machine that alone takes a second.
parent=$(tracer_parent)
worker=$(tracer_worker)
at stopped kill -STOP "$worker"
load klpt_patch_v1
wait_patched klpt_patch_v1
step stopped
status stopped
at going-on kill -CONT "$worker"
step going-on

parent=$(tracer_parent)
worker=$(tracer_worker)
at both-stopped kill -STOP "$parent" "$worker"
step both-stopped
at both-going-on kill -CONT "$parent" "$worker"
step both-going-on
disable klpt_patch_v1
wait_gone klpt_patch_v1
stop_daemon
