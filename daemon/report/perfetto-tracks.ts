import type { EventKind } from '../contract/event.ts'
import type { Straggler } from '../contract/report.ts'
import type { PerfettoTrack } from './perfetto-writer.ts'

/** The tracks of a trace, from top to bottom. */
export const perfettoTracks = (hostname: string) => {
  const host: PerfettoTrack = {
    key: hostname,
    name: `klpscope ${hostname}`,
    children: 'EXPLICIT',
  }
  let rank = 0
  const child = (name: string, own: Partial<PerfettoTrack> = {}): PerfettoTrack => ({
    key: `${hostname} ${name}`,
    name,
    parent: host,
    rank: rank++,
    ...own,
  })
  const transitions = child('Transitions')
  const findings = child('Findings')
  const callbacks = child('Callbacks')
  const remaining = child('Remaining tasks', { unit: 'tasks' })
  const blocked = child('Blocked tasks', { children: 'CHRONOLOGICAL' })
  const shadow = child('Shadow variables', { children: 'CHRONOLOGICAL' })
  const patches = child('Patches and modules')
  const tracer = child('Tracer', { children: 'CHRONOLOGICAL' })
  const ownProbes = child('Your own probes')
  const under = (parent: PerfettoTrack, name: string, own: Partial<PerfettoTrack> = {}): PerfettoTrack => ({
    key: `${parent.key} ${name}`,
    name,
    parent,
    ...own,
  })
  return {
    transitions,
    findings,
    remaining,
    task: (task: Pick<Straggler, 'comm' | 'tid' | 'idle' | 'cpu'>) =>
      under(blocked, task.idle ? `idle task of CPU ${task.cpu}` : `${task.comm} ${task.tid}`),
    shadowLive: (id: string) => under(shadow, `live ${id}`, { unit: 'variables' }),
    gap: (source: string) => under(tracer, `not seen: ${source}`),
    ownProbe: (probe: string) => under(ownProbes, probe),
    /** For what has no duration. */
    ofKind: (kind: EventKind): PerfettoTrack => {
      if (kind.startsWith('callback-')) return callbacks
      if (kind.startsWith('transition-')) return transitions
      if (kind.startsWith('shadow-')) return shadow
      return kind.startsWith('tracer-') || kind === 'events-lost' || kind === 'decode-failed'
        ? tracer
        : patches
    },
  }
}
