import type { Verdict } from './bench.ts'

interface Health {
  readonly ready?: boolean
  readonly tracer?: {
    readonly probeSets?: readonly { name: string; available: boolean; reason?: string }[]
    readonly eventsLost?: number
  }
}

/** Which of the daemon's probe sets were not attached, and why, from `GET health`; the answer itself may be missing. */
export const missingProbeSets = (healthJson: string): string[] => {
  if (healthJson === '') return ['the daemon did not answer']
  const { tracer } = JSON.parse(healthJson) as Health
  const sets = tracer?.probeSets ?? []
  if (sets.length === 0) return ['it names no probe set']
  return sets
    .filter((set) => !set.available)
    .map((set) => `${set.name}: ${(set.reason ?? 'no reason given').slice(0, 160)}`)
}

/** What is measured without some of the daemon's probes says nothing of the daemon. */
export const judgeAttached = (missing: readonly string[]): Verdict | undefined =>
  missing.length === 0
    ? undefined
    : {
        outcome: 'failed',
        text: `the daemon's probes were not all attached (${missing.join('; ')}), so this is not the daemon's effect`,
      }
