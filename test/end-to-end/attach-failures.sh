# Proves that a probe that is missing or cannot be attached costs one feature: what the kernel lacks, refuses to probe
# or does not let pass its verifier is left out and named, and the rest works. All is changed in the VM's memory only.
set -eu
source "$(dirname "$0")/support/steps.sh"
tracer=dist/klpscope-tracer

# A kernel that does not have these: one function of many in a set, and the variable without which a set is nothing.
grep -vE ' (klp_enable_patch|klp_patches)$' /proc/kallsyms >/run/kallsyms
mount --bind /run/kallsyms /proc/kallsyms
# There is such a function, but a kprobe on it is refused: it is on the kernel's kprobe blacklist. The BPF object inside
# the tracer names it in as many bytes.
sed -i 's/kprobe\/klp_force_transition\x00/kprobe\/do_int3\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00/g' "$tracer"
sed -i 's/klp_force_transition:/do_int3:/' bpf/transition.bpf.c
# A structure that no kernel has: programs that read it are refused by the verifier.
sed -i 's/\x00klp_shadow\x00/\x00klp_shadox\x00/g' "$tracer"
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
