# Proves that a module is patched while it is being loaded, unpatched when it goes, and this again and again.
source "$(dirname "$0")/lib.sh"
load klpt_patch_vmlinux
wait_patched klpt_patch_vmlinux
reads /proc/cmdline 'patched by klpt_patch_vmlinux' || fail 'vmlinux is not patched'
for round in 1 2; do
  load klpt_bystander
  reads /proc/klpt_bystander 'patched by klpt_patch_vmlinux' || fail "not patched when coming, round $round"
  # The file is there since 6.1.
  marked=$livepatch/klpt_patch_vmlinux/klpt_bystander/patched
  [[ ! -e $marked ]] || reads "$marked" 1 || fail "not marked patched, round $round"
  unload klpt_bystander
done
load klpt_bystander
disable klpt_patch_vmlinux
wait_gone klpt_patch_vmlinux
reads /proc/klpt_bystander original || fail 'still patched'
unload klpt_patch_vmlinux
unload klpt_bystander
