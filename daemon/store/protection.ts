import type Database from 'better-sqlite3'

/** What must not be deleted, however old. */
export type Protected = {
  /** Changes when anything of it changes. */
  key: string
  /** Ids of transitions that are not over. */
  transitions: string[]
  /** Numbers of the events that show what open findings say. */
  events: number[]
  /** From the checkpoint before the oldest of these transitions to its start: its state then can be folded. */
  from: number
  to: number
}

export const createProtection = (database: Database.Database): { now: () => Protected } => {
  const running = database.prepare(
    `SELECT id, (SELECT min(seq) FROM events WHERE transition_id = id) AS seq FROM transitions
     WHERE outcome = 'running'`,
  )
  const before = database.prepare('SELECT max(seq) FROM checkpoints WHERE seq < ?').pluck()
  const evidence = database
    .prepare(`SELECT e.value FROM findings, json_each(findings.data, '$.evidence') e WHERE closed_ns IS NULL`)
    .pluck()
  const opened = database
    .prepare(
      // Earlier versions did not record the number: the first event of that moment.
      `SELECT coalesce(json_extract(data, '$.openedSeq'),
                       (SELECT min(seq) FROM events WHERE time_ns = opened_ns)) AS seq
       FROM findings WHERE closed_ns IS NULL AND seq IS NOT NULL`,
    )
    .pluck()
  return {
    now: () => {
      const open = running.all() as { id: string; seq: number | null }[]
      const starts = open.flatMap(({ seq }) => (seq === null ? [] : [seq]))
      const to = starts.length > 0 ? Math.min(...starts) : 0
      const from = to > 0 ? ((before.get(to) as number | null) ?? 0) : 0
      const transitions = open.map(({ id }) => id)
      const events = [...(evidence.all() as number[]), ...(opened.all() as number[])]
      return { key: JSON.stringify([transitions, events, from, to]), transitions, events, from, to }
    },
  }
}
