import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import Database from 'better-sqlite3'
import type { Event } from '../../../daemon/contract/event.ts'
import type { Transition } from '../../../daemon/contract/state.ts'

/** All of a record that a session left behind, oldest first. */
export const readRecord = (outDir: string): { events: Event[]; transitions: Transition[] } => {
  const database = new Database(join(outDir, 'klpscope.db'), { readonly: true })
  const rows = <T>(sql: string) =>
    (database.prepare(sql).all() as { data: string }[]).map(({ data }) => JSON.parse(data) as T)
  const events = rows<Event>('SELECT data FROM events ORDER BY seq')
  const transitions = rows<Transition>('SELECT data FROM transitions ORDER BY start_ns')
  database.close()
  return { events, transitions }
}

/** The state a daemon ended in, as its closing checkpoint holds it. */
export const closingState = (outDir: string): string => {
  const database = new Database(join(outDir, 'klpscope.db'), { readonly: true })
  const newest = database.prepare('SELECT state FROM checkpoints ORDER BY seq DESC LIMIT 1').get()
  database.close()
  return inflateSync((newest as { state: Buffer }).state).toString()
}
