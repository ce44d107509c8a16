# Runs every finite scenario of the lab under the daemon, one after the other in one boot; what the daemon
# recorded is compared with the kernel's own log by the test. force.sh comes last: it leaves a pinned module. A test may
# name fewer of them in a file.
set -u
scenarios=$(dirname "$0")/../lab/scenarios
all="stall-sleeping stall-running signals reverse cancel replace downgrade state-incompatible stacked
  module-coming-going module-refused shadow leak slow-callbacks shadow-while-loading same-name object-names
  many-functions kthread-main unreliable force"
for name in $(cat /lab/out/scenarios 2>/dev/null || echo "$all"); do
  # Not on every kernel: the scenario says so itself.
  if bash "$scenarios/$name.sh"; then echo "== $name passed"; else echo "== $name FAILED"; failed=1; fi
done
sleep 2
# Evidence of the first transition, made where it happened and in the same boot.
first=$(klpscope history --limit 1000 --json | grep -o '"id":"[0-9]*"' | tail -n 1 | tr -dc 0-9)
klpscope bundle "$first" -o /lab/out/bundle.tar.gz || failed=1
klpscope bundle "$first" --redact -o /lab/out/bundle-redacted.tar.gz || failed=1
exit "${failed-0}"
