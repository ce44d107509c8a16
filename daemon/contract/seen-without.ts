import type { GapSeen } from './gap.ts'

const whole: Readonly<Record<string, GapSeen>> = {
  daemon: 'nothing',
  host: 'nothing',
  recording: 'nothing',
  tracer: 'polling',
  bpftrace: 'polling',
  probes: 'polling',
}

/** What still speaks while a source is silent. */
export const seenWithout = (source: string): GapSeen => whole[source] ?? 'most'
