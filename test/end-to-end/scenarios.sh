# Runs every finite scenario of the lab under the daemon, one after the other in one boot; what the daemon
# recorded is compared with the kernel's own log by the test. force.sh comes last: it leaves a pinned module.
set -u
scenarios=$(dirname "$0")/../lab/scenarios
for name in stall-sleeping stall-running signals reverse cancel replace downgrade state-incompatible stacked \
  module-coming-going module-refused shadow leak unreliable force; do
  # Not on every kernel: the scenario says so itself.
  if bash "$scenarios/$name.sh"; then echo "== $name passed"; else echo "== $name FAILED"; failed=1; fi
done
sleep 2
exit "${failed-0}"
