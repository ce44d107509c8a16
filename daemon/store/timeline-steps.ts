import type Database from 'better-sqlite3'
import type { EventKind } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import { measurements } from '../contract/measurement.ts'
import type { Transition } from '../contract/state.ts'
import type { StepDirection, StepTarget, TimelineStep } from '../contract/timeline.ts'
import { formatTime } from '../core/time.ts'
import { parseStored } from './stored-json.ts'

/** Where a step begins: at `timeNs`, after event `seq` of those that have this time. */
export type StepFrom = { seq: number; timeNs: bigint }

type Mark = { ns: bigint; data: string; at: 'start' | 'end' }

const marks = {
  finding: { table: 'findings', start: 'opened_ns', end: 'closed_ns' },
  transition: { table: 'transitions', start: 'start_ns', end: 'end_ns' },
}

/**
 * Finds the next or previous event, or the next or previous moment a finding opened or closed, or a transition
 * began or ended. Events follow each other by time, those of one time by seq: no step forwards leads back in time.
 * Events that repeat every second or so are no steps.
 * @returns null when there is none
 */
export const findStep = (
  database: Database.Database,
  from: StepFrom,
  direction: StepDirection,
  target: StepTarget,
): TimelineStep | null => {
  const next = direction === 'next'
  if (target === 'event') {
    const row = database
      .prepare(
        `SELECT seq, time_ns AS ns, kind FROM events WHERE (time_ns, seq) ${next ? '>' : '<'} (?, ?)
         AND kind NOT IN (${measurements.map((kind) => `'${kind}'`).join(', ')})
         ORDER BY time_ns ${next ? 'ASC' : 'DESC'}, seq ${next ? 'ASC' : 'DESC'} LIMIT 1`,
      )
      .safeIntegers()
      .get(from.timeNs, from.seq) as { seq: bigint; ns: bigint; kind: EventKind } | undefined
    return row ? { seq: Number(row.seq), time: formatTime(row.ns), kind: row.kind, text: null } : null
  }
  const { table, start, end } = marks[target]
  const side = (column: string, at: Mark['at']): Mark | undefined =>
    database
      .prepare(
        `SELECT ${column} AS ns, data, '${at}' AS at FROM ${table} WHERE ${column} ${next ? '>' : '<'} ?
         ORDER BY ${column} ${next ? 'ASC' : 'DESC'} LIMIT 1`,
      )
      .safeIntegers()
      .get(from.timeNs) as Mark | undefined
  // What begins and ends at one time is over then.
  const [nearest] = [side(end, 'end'), side(start, 'start')]
    .filter((mark): mark is Mark => mark !== undefined)
    .sort((a, b) => Number(next ? a.ns - b.ns : b.ns - a.ns))
  if (!nearest) return null
  // What one look at the kernel told has one time: the last of it shows all.
  const { seq } = database
    .prepare('SELECT max(seq) AS seq FROM events WHERE time_ns = ?')
    .get(nearest.ns) as {
    seq: number | null
  }
  // Its event is no longer kept; that of one further on may be.
  if (seq === null) return findStep(database, { ...from, timeNs: nearest.ns }, direction, target)
  return { seq, time: formatTime(nearest.ns), ...describe(target, nearest) }
}

const describe = (target: 'finding' | 'transition', mark: Mark): Pick<TimelineStep, 'kind' | 'text'> => {
  if (target === 'finding') {
    const finding = parseStored(mark.data) as Finding
    return { kind: mark.at === 'start' ? 'finding-opened' : 'finding-closed', text: finding.summary }
  }
  const { patch, direction, outcome } = parseStored(mark.data) as Transition
  return mark.at === 'start'
    ? { kind: 'transition-started', text: `${patch}: ${direction}` }
    : { kind: 'transition-ended', text: `${patch}: ${direction} ${outcome}` }
}
