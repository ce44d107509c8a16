/** Why no probes are attached, where that is meant to be so (bpf/tracer/passive.c); null: it is another reason. */
export const passiveReason = (reason: string | undefined): string | null =>
  /^passive: (.*)$/s.exec(reason ?? '')?.[1] ?? null
