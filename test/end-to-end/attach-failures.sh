# Proves that a probe that is missing or cannot be attached costs one feature: what the kernel lacks, does not let be
# probed, or whose program its verifier refuses, is left out and named. All is changed in the VM's memory only.
set -eu
source "$(dirname "$0")/support/steps.sh"

# A kernel that lacks one function of many of a set, and the variable without which there is nothing to walk.
grep -vE ' (klp_enable_patch|klp_patches)$' /proc/kallsyms >/run/kallsyms
mount --bind /run/kallsyms /proc/kallsyms
# With a function that cannot be probed, and a program that is refused: the test has built it.
cp /lab/out/altered/dist/klpscope-tracer dist/
cp /lab/out/altered/bpf/*.bpf.c bpf/
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
