#!/bin/bash
# Captures recordings anew: boots the lab, runs each scenario with `klpscope daemon --record`, and stores the
# raw records as test/recordings/SCENARIO-KERNEL.recording.gz, and beside them the state the daemon held at its end,
# SCENARIO-KERNEL.state, as its closing checkpoint has it. Needs a built dist/ (npm run build,
# npm run build:tracer).
#
# usage: test/recordings/capture.sh KERNEL SCENARIO…
#        test/recordings/capture.sh 6.1 stall-sleeping shadow
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
shift
out=$(mktemp -d)
printf 'exec bash /lab/checkout/test/recordings/guest.sh' >"$out/run.sh"
printf ' %q' "$@" >>"$out/run.sh"
echo "logs in $out"
code=0
node "$here/../../dist/klpscope.js" lab run --kernel "$kernel" --no-daemon --timeout 3000 \
  --script "$out/run.sh" --out "$out" || code=$?
# closing_state DB: the newest checkpoint, as daemon/store/serialize-state.ts wrote it.
closing_state() {
  (cd "$here" && node -e '
    const Database = require("better-sqlite3")
    const { state } = new Database(process.argv[1]).prepare("SELECT state FROM checkpoints ORDER BY seq DESC LIMIT 1").get()
    process.stdout.write(require("node:zlib").inflateSync(state))' "$1")
}
for name in "$@"; do
  [[ -e $out/$name.recording ]] || continue
  gzip -9nc "$out/$name.recording" >"$here/$name-$kernel.recording.gz"
  closing_state "$out/$name.db" >"$here/$name-$kernel.state"
done
exit "$code"
