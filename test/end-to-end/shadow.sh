# Proves that shadow variables are counted as the module that makes them does, under churn and storms; that the walk
# of the hash finds nothing wrong meanwhile, and does find what the probes missed; who allocated; what stays behind.
set -eu
source "$(dirname "$0")/support/steps.sh"

# shadow_says TEXT: the daemon's answer has that in it.
shadow_says() { read -r -t 1 <>/lab/never || [[ $(http_get /api/v1/shadow) == *"$1"* ]]; }
checked_after() { read -r -t 1 <>/lab/never || [[ $(http_get /api/v1/shadow) != *"$1"* ]]; }
# checks COUNT: waits for so many checks of the counts.
checks() {
  local number at
  for ((number = 0; number < $1; number++)); do
    at=$(http_get /api/v1/shadow | grep -o '"checkedAt":"[^"]*"')
    wait_until 200 checked_after "$at"
  done
}
checked_since() {
  local at
  read -r -t 1 <>/lab/never || at=$(http_get /api/v1/shadow | grep -o '"checkedAt":"[^"]*"')
  [[ $at > "\"checkedAt\":\"$1" ]]
}
# Waits until all that happened so far is in the daemon's answers, on a busy machine it may be far behind, and for a
# check that began after it.
digested() {
  wait_until 300 checked_since "$(date -u +%FT%T)"
  checks 1
}
# left_behind ID: there is a finding that says so.
left_behind() {
  read -r -t 1 <>/lab/never ||
    http_get /api/v1/state | tr '{' '\n' | grep '"rule":"shadow-left-behind"' | grep -q '"subject":"'"$1"'"'
}
not_left_behind() { ! left_behind "$1"; }

load klpt_target
knob create 3
knob shadow_alloc '1 0x2001 16'
launch_daemon --shadow-check 2
wait_ready
wait_until 200 shadow_says '"adoption":"complete"'

load klpt_patch_v1
wait_patched klpt_patch_v1
knob create 10
load klpt_patch_v2 leak=1
wait_patched klpt_patch_v2
wait_gone klpt_patch_v1
knob create 5
# The names of functions come a moment later.
wait_until 60 shadow_says klpt_v2_object_create

knob churn_per_s 300
checks 3
begun=${EPOCHREALTIME/./}
knob shadow_storm 20000
say "a storm of 20000 pairs of alloc and free took $((${EPOCHREALTIME/./} - begun)) us"
checks 2
knob churn_per_s 0
digested
cp "$knobs/shadow_counts" /lab/out/shadow-counts
http_get /api/v1/shadow >/lab/out/shadow-quiet.json

for object in 1 2 3; do
  knob shadow_alloc_unseen "$object 0x1001 16"
  knob shadow_alloc_unseen "$object 0x1002 16"
done
knob shadow_alloc_unseen '4 0x1002 16'
# A difference is believed when two checks in succession find it.
digested
digested
cp "$knobs/shadow_counts" /lab/out/shadow-counts-drifted
http_get /api/v1/shadow >/lab/out/shadow-drifted.json

disable klpt_patch_v2
wait_gone klpt_patch_v2
unload klpt_patch_v2
unload klpt_patch_v1
wait_until 200 left_behind 0x1001
wait_until 200 left_behind 0x1002
http_get /api/v1/state >/lab/out/state-left.json
for id in 0x1001 0x1002 0x2001; do
  knob shadow_free_all $id
  wait_until 200 not_left_behind $id
done
http_get /api/v1/state >/lab/out/state-freed.json
stop_daemon
cp /run/klpscope/klpscope.db /lab/out/
