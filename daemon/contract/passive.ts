import type { Cause } from './cause.ts'

/** Of the cause that is told of it. */
export const passiveSubject = 'passive'

export const isPassive = ({ causes }: { causes: readonly Cause[] }): boolean =>
  causes.some(({ subject }) => subject === passiveSubject)

/** Why no probes are attached, where that is meant to be so (bpf/tracer/passive.c); null: it is another reason. */
export const passiveReason = (reason: string | undefined): string | null =>
  /^passive: (.*)$/s.exec(reason ?? '')?.[1] ?? null
