# Proves that probes are left out by itself where they are forbidden, and what is seen of a stall then: vendors who
# forbid them, kernels whose livepatches do not go together with them, a kernel that is locked down.
set -eu
source "$(dirname "$0")/support/steps.sh"

check() { dist/klpscope-tracer --check >"/lab/out/$1.frames"; }

check ordinary
rm -f /etc/os-release
printf 'NAME="Some Linux"\nID="some"\nID_LIKE="fedora"\n' >/etc/os-release
check another-vendor
printf 'NAME="Rebuilt Linux"\nID="rebuilt"\nID_LIKE="rhel centos fedora"\n' >/etc/os-release
check vendor
rm /etc/os-release
{ cat /proc/kallsyms; echo 'ffffffff81000000 T arch_klp_patch_func'; } >/run/kallsyms
mount --bind /run/kallsyms /proc/kallsyms
check kernel
umount /proc/kallsyms

load klpt_target
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
mount -t securityfs securityfs /sys/kernel/security
echo confidentiality >/sys/kernel/security/lockdown
check lockdown
launch_daemon --stalled-after 5
wait_ready
step locked-down
disable klpt_patch_v1
wait_gone klpt_patch_v1
step reversed
stop_daemon
