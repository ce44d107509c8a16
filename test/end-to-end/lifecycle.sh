# Proves what is told of patches between insmod and rmmod: every way to be refused, callbacks called and skipped,
# replaces and downgrades, modules that come and go under a patch or are refused because of one.
set -eu
source "$(dirname "$0")/support/steps.sh"

# look NAME: what the daemon says once it has heard of everything.
look() {
  looked
  http_get /api/v1/state >"/lab/out/$1.json"
}
lab_module() { echo "/lab/modules/$1.ko"; }

launch_daemon --stalled-after 60 --record /run/klpscope/raw.recording
wait_ready
load klpt_target

refused insmod "$(lab_module klpt_patch_fail)"
refused insmod "$(lab_module klpt_patch_unmarked)"
load klpt_hijacker
refused insmod "$(lab_module klpt_patch_v1)"
unload klpt_hijacker
load klpt_bystander
refused insmod "$(lab_module klpt_patch_missing)"
unload klpt_bystander
look refused

load klpt_patch_v1
wait_patched klpt_patch_v1
hold_sleeper
load klpt_patch_v2
wait_until "$patience_s" in_transition klpt_patch_v2
refused insmod "$(lab_module klpt_patch_stack)"
look replacing
knob sleep 0
wait_patched klpt_patch_v2
wait_gone klpt_patch_v1
look replaced
unload klpt_patch_v1
refused insmod "$(lab_module klpt_patch_old)"
look incompatible
disable klpt_patch_v2
wait_gone klpt_patch_v2
unload klpt_patch_v2

load klpt_patch_v1
wait_patched klpt_patch_v1
load klpt_patch_old
wait_patched klpt_patch_old
wait_gone klpt_patch_v1
look downgraded
unload klpt_patch_v1
disable klpt_patch_old
wait_gone klpt_patch_old
unload klpt_patch_old

load klpt_patch_missing
wait_patched klpt_patch_missing
refused insmod "$(lab_module klpt_bystander)"
look module-refused
disable klpt_patch_missing
wait_gone klpt_patch_missing
unload klpt_patch_missing

load klpt_patch_vmlinux klpscope_sticky=1
wait_patched klpt_patch_vmlinux
load klpt_bystander
unload klpt_bystander
load klpt_bystander
disable klpt_patch_vmlinux
wait_gone klpt_patch_vmlinux
look sticky
unload klpt_patch_vmlinux
unload klpt_bystander

hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
disable klpt_patch_v1
wait_gone klpt_patch_v1
knob sleep 0
unload klpt_patch_v1
look end
stop_daemon
cp /run/klpscope/raw.recording /lab/out/
