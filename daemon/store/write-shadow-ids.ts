import type Database from 'better-sqlite3'
import type { ShadowId } from '../contract/state.ts'
import type { TableWriter } from './table-writer.ts'

/** Table shadow_ids. */
export const createShadowWriter = (database: Database.Database): TableWriter => {
  const upsert = database.prepare(
    `INSERT INTO shadow_ids (run_id, id, first_ns, last_ns, data) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET last_ns = excluded.last_ns, data = excluded.data`,
  )
  const newestRun = database.prepare('SELECT coalesce(max(id), 0) FROM runs').pluck()
  const gathered = new Map<string, { id: ShadowId; firstNs: bigint; lastNs: bigint }>()
  const flush = (): void => {
    if (gathered.size === 0) return
    const run = newestRun.get() as number
    for (const { id, firstNs, lastNs } of gathered.values())
      upsert.run(run, id.id, firstNs, lastNs, JSON.stringify(id))
    gathered.clear()
  }
  return {
    take: (before, { event, state }, timeNs) => {
      // The next run has counts of its own.
      if (event.kind === 'tracer-started') flush()
      if (state.shadow.ids === before.shadow.ids) return
      for (const [key, id] of state.shadow.ids) {
        if (before.shadow.ids.get(key) !== id)
          gathered.set(key, { id, firstNs: gathered.get(key)?.firstNs ?? timeNs, lastNs: timeNs })
      }
    },
    flush,
  }
}
