#!/bin/bash
# Captures recordings anew: boots the lab, runs each scenario with `klpscope daemon --record`, and stores the
# raw records as test/recordings/SCENARIO-KERNEL.ndjson.gz. Needs a built dist/ (npm run build).
#
# usage: test/recordings/capture.sh KERNEL SCENARIO…
#        test/recordings/capture.sh 6.1 stall-sleeping shadow
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
shift
out=$(mktemp -d)
printf 'exec bash %q' "$here/guest.sh" >"$out/run.sh"
printf ' %q' "$@" >>"$out/run.sh"
echo "logs in $out"
code=0
node "$here/../../dist/klpscope.js" lab run --kernel "$kernel" --no-daemon --timeout 3000 \
  --script "$out/run.sh" --out "$out" || code=$?
for name in "$@"; do
  if [[ -e $out/$name.ndjson ]]; then gzip -9nc "$out/$name.ndjson" >"$here/$name-$kernel.ndjson.gz"; fi
done
exit "$code"
