# Proves that users' own bpftrace scripts run beside the tracer: what they print becomes events, also hostile names; what
# they lose is counted to the unit; one that fails is a gap in bpftrace's own words; all end with the daemon, however it
# ends; and the tracer sees a patch come and go meanwhile.
set -eu
source "$(dirname "$0")/support/steps.sh"
samples=$(dirname "$0")/../../bpf/samples

cat >/lab/out/mixed.bt <<'SCRIPT'
BEGIN { print(("ready", 7)); }
kprobe:cmdline_proc_show { printf("read by %s\n", comm); }
kprobe:klp_shadow_alloc /arg1 == 0x2fff/ { printf("allocated\n"); }
SCRIPT
echo 'BEGIN { printf("never\n" }' >/lab/out/broken.bt

running() { pgrep -x bpftrace >/dev/null; }
all_ended() { ! running && ! pgrep -f run-user-probe.sh >/dev/null; }
# told TEXT: an event of a user's own probe holds it.
told() { curl -s "$KLPSCOPE_URL/api/v1/events?kind=custom&limit=1000" | grep -F "$1" >/dev/null; }
# Five seconds have passed without another one.
told_to_the_end() {
  local before
  before=$(newest)
  sleep 5
  [[ $(newest) == "$before" ]]
}
newest() { curl -s "$KLPSCOPE_URL/api/v1/events?kind=custom&limit=1"; }
hostile_reader() {
  printf '\033[31m<b>"\\' >"/proc/$BASHPID/comm"
  read -r _ </proc/cmdline
}

load klpt_target
launch_daemon --probe "$samples/callers.bt" --probe /lab/out/mixed.bt --probe /lab/out/broken.bt
wait_ready
wait_until 200 told '"ready"'
say 'the mixed probe is attached'
load klpt_patch_v1
wait_patched klpt_patch_v1
# Until the sample is attached as well.
called() { cat /proc/cmdline >/dev/null; told '"cat,'; }
wait_until 200 called
(hostile_reader)
wait_until "$patience_s" told '<b>'
knob shadow_storm 3000
# What is lost in a second is told at its end.
wait_until "$patience_s" told_to_the_end
disable klpt_patch_v1
wait_gone klpt_patch_v1
unload klpt_patch_v1
curl -s "$KLPSCOPE_URL/api/v1/export?format=csv" >/lab/out/export.csv
curl -s "$KLPSCOPE_URL/api/v1/export?format=perfetto" >/lab/out/export.pftrace
stop_daemon
wait_until 5 all_ended
say 'all have ended with the daemon'

launch_daemon --probe /lab/out/mixed.bt
wait_until "$patience_s" running
kill -KILL "$daemon"
wait_until 10 all_ended
say 'and with one that was killed'
