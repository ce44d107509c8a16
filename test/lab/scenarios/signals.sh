# Proves that the kernel's signal rounds move tasks that sleep interruptibly in a function to be patched, and
# leave a kernel thread where it is.
source "$(dirname "$0")/lib.sh"
load klpt_target
knob hold_readers 1
hold_sleeper
readers=()
for _ in 1 2 3; do
  cat /proc/klpt_target &
  readers+=($!)
done
readers_sleep() { for reader in "${readers[@]}"; do reads "/proc/$reader/stack" 'klpt_proc_show+' || return 1; done; }
wait_until "$patience_s" readers_sleep
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
# Moved by the signal, their reads begin again, in the replacement.
wait_until "$patience_s" kernel_log_has 'signaling remaining tasks'
wait "${readers[@]}"
holds_for 3 in_transition klpt_patch_v1
knob sleep 0
wait_patched klpt_patch_v1
knob hold_readers 0
disable klpt_patch_v1
wait_gone klpt_patch_v1
unload klpt_patch_v1
unload klpt_target
