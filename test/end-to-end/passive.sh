# Proves what is told without a single probe: who holds a transition up and where he sleeps, whether it patches, replaces
# or unpatches; when transitions began and ended; how many shadow variables there are.
set -eu
source "$(dirname "$0")/support/steps.sh"

# The reasons have to come from the stacks: the kernel's own talk of single tasks is not there on other hosts either.
echo 'file kernel/livepatch/transition.c func klp_try_switch_task -p' >/sys/kernel/debug/dynamic_debug/control
# look NAME: what the daemon says once it has looked again, and which probes there are meanwhile.
look() {
  looked
  http_get /api/v1/state >"/lab/out/$1.json"
  cat /sys/kernel/debug/kprobes/list >>/lab/out/kprobes
}

load klpt_target
launch_daemon --passive --stalled-after 5 --shadow-check 2
wait_ready
klpscope status >/lab/out/status.txt
look quiet

hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
step patching
look patching
knob create 3
knob shadow_alloc '1 0x2001 16'
knob shadow_alloc '2 0x2001 16'
knob sleep 0
wait_patched klpt_patch_v1

# It sleeps in klpt_patch_v1's function now, which klpt_patch_v2 gives back to the original.
hold_sleeper
load klpt_patch_v2
wait_until "$patience_s" in_transition klpt_patch_v2
step replacing
look replacing
disable klpt_patch_v2
wait_gone klpt_patch_v2
unload klpt_patch_v2

disable klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
step unpatching
look unpatching
knob shadow_free '1 0x2001'
cp "$knobs/shadow_counts" /lab/out/shadow-counts
step counting
klpscope shadow >/lab/out/shadow.txt
knob sleep 0
wait_gone klpt_patch_v1
unload klpt_patch_v1
unload klpt_target
look ended
stop_daemon
