# Tells the demo story of `npm start`, round after round: a patch stalls on a kernel thread for 40 s and is
# released, a second patch replaces it, shadow variables come and go, and all is disabled again. Every other
# round leaves shadow variables behind. STORY_ROUNDS limits it, STORY_PACE=0 leaves out the pauses.
source "$(dirname "$0")/lib.sh"
rounds=${STORY_ROUNDS:-1000000}
pace=${STORY_PACE:-1}

# Time for the audience, not for the kernel.
pause() { sleep $(($1 * pace)); }

load klpt_target
for ((round = 1; round <= rounds; round++)); do
  say "round $round: klpt_patch_v1 stalls on klpt-sleeper"
  hold_sleeper
  load klpt_patch_v1
  knob churn_per_s 0
  knob create 10
  pause 40
  knob sleep 0
  wait_patched klpt_patch_v1

  say "round $round: shadow variables come and go"
  knob create 15
  knob churn_per_s 20
  pause 20
  newest=$(tail -n 1 "$knobs/objects")
  knob shadow_get_or_alloc "$newest 0x2001 16"
  knob shadow_get_or_alloc "$newest 0x2001 16"

  say "round $round: klpt_patch_v2 replaces it, after another stall"
  hold_sleeper
  load klpt_patch_v2 leak=$((round % 2))
  pause 12
  knob sleep 0
  wait_patched klpt_patch_v2
  unload klpt_patch_v1
  knob create 10
  pause 20

  say "round $round: disable"
  knob churn_per_s 0
  disable klpt_patch_v2
  wait_gone klpt_patch_v2
  unload klpt_patch_v2
  pause 15
  knob shadow_free_all 0x2001
  knob shadow_free_all 0x1001
  knob shadow_free_all 0x1002
  knob free 35
  pause 5
done
unload klpt_target
