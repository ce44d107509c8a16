# Proves that a daemon started in the middle of things sees what was there before: a patch in place with its
# shadow variables, and a stalled transition. Run it with --no-daemon; it starts the daemon itself.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/../guest/daemon.sh"
load klpt_target
load klpt_patch_v1
wait_patched klpt_patch_v1
knob create 5
hold_sleeper
load klpt_patch_v2
wait_until "$patience_s" in_transition klpt_patch_v2
start_daemon || fail "the daemon did not become ready ($?); see daemon.log"
knob sleep 0
wait_patched klpt_patch_v2
expect_counts 0x1001 '5 5 0 0'
knob free 2
expect_counts 0x1001 '3 5 2 0'
stop_daemon
