# Proves that a probe that is missing or cannot be attached costs one feature: a function that is named is left
# out, and where bpftrace names none, the probe set that is to blame. The probe files are changed in the VM's memory only.
set -eu
source "$(dirname "$0")/support/steps.sh"

# Functions this kernel does not have; the sets are essential to nothing here, and their probes many.
sed -i 's/klp_enable_patch/klp_absent_function/' bpf/lifecycle.bt
sed -i 's/klp_start_transition/klp_absent_function/' bpf/inventory.bt
# In available_filter_functions, but a kprobe on it is refused: it is on the kernel's kprobe blacklist.
sed -i 's/klp_force_transition/do_int3/' bpf/transition.bt
# Refused by the verifier; bpftrace names a timer.
cat >>bpf/shadow.bt <<'BT'

interval:s:1
{
  $step = 0;
  while ($step < 100000000) {
    @shadow_broken[$step] = 1;
    $step = $step + 1;
  }
}
BT
load klpt_target
launch_daemon --stalled-after 5
wait_ready 900
step attached
load klpt_patch_v1
wait_patched klpt_patch_v1
step patched
disable klpt_patch_v1
wait_gone klpt_patch_v1
stop_daemon
