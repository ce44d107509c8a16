# What the daemon's BPF programs take per call, and an empty one; then the wall clock of a storm of calls.
# cost.sh in /lab/out says how much of each.
source /lab/out/cost.sh

attach_empty() {
  attach_program 'kprobe:klp_shadow_alloc { } kprobe:klp_shadow_free { }
    kretprobe:klp_shadow_alloc { } kretprobe:klp_shadow_free { }'
}
detach_empty() { detach_program; }

# Calls of everything there is: transitions, shadow variables, a module coming and going under a patch.
exercise() {
  local number
  for ((number = 0; number < cost_cycles; number++)); do
    load klpt_patch_v1
    wait_patched klpt_patch_v1
    knob create 20
    knob free 20
    load klpt_bystander
    unload klpt_bystander
    disable klpt_patch_v1
    wait_gone klpt_patch_v1
    unload klpt_patch_v1
  done
  echo "$storm_pairs" >"$knobs/shadow_storm"
}

count_runs() {
  attach "$1"
  echo 1 >/proc/sys/kernel/bpf_stats_enabled
  exercise
  # Attachments are read first: reading them takes no part in what is counted.
  bpftool -j perf show >"/lab/out/cost-$1-perf.json"
  bpftool -j link show >"/lab/out/cost-$1-link.json"
  bpftool -j prog show >"/lab/out/cost-$1-prog.json"
  echo 0 >/proc/sys/kernel/bpf_stats_enabled
}

storms() {
  attach "$1"
  time_knob storms "$1" "$storm_runs" shadow_storm "$storm_pairs"
}

measure_cost() {
  load klpt_target
  storms nothing
  count_runs empty
  storms empty
  attach nothing
  storms nothing
  count_runs daemon
  save_health cost-daemon-health.json
  storms daemon
  attach nothing
  storms nothing
  unload klpt_target
}
measure_cost
