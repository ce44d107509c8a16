# Proves that what stands in the daemon's way is said in a sentence with a remedy, and that without BPF it
# still shows what /sys and /proc tell.
set -eu
source "$(dirname "$0")/support/steps.sh"

# attempt NAME COMMAND…: what it says and its exit code, for the test to read.
attempt() {
  local code=0
  timeout 60 "${@:2}" >"/lab/out/$1.txt" 2>&1 || code=$?
  echo "$code" >"/lab/out/$1.code"
}

attempt no-root setpriv --reuid 65534 --regid 65534 --clear-groups klpscope daemon --db /tmp/unused.db
printf 'this is not a database, and longer than its header would be; %.0s' {1..10} >/tmp/damaged.db
cp /tmp/damaged.db /tmp/damaged.before
attempt damaged klpscope daemon --db /tmp/damaged.db
cmp /tmp/damaged.db /tmp/damaged.before
mkdir /tmp/directory.db
attempt directory klpscope daemon --db /tmp/directory.db
attempt no-daemon klpscope status

# In the VM's memory only.
rm dist/klpscope-tracer
launch_daemon --stalled-after 3
wait_ready 60
attempt port-in-use klpscope daemon --db /tmp/second.db --listen 127.0.0.1:8686
load klpt_target
hold_sleeper
load klpt_patch_v1
wait_until "$patience_s" in_transition klpt_patch_v1
step blind
knob sleep 0
wait_patched klpt_patch_v1
step done
attempt status klpscope status
stop_daemon
