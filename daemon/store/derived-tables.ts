import type Database from 'better-sqlite3'
import type { TableWriter } from './table-writer.ts'
import { createFindingWriter } from './write-findings.ts'
import { createPatchWriter } from './write-patches.ts'
import { createPointWriter } from './write-points.ts'
import { createRunWriter } from './write-runs.ts'
import { createShadowWriter } from './write-shadow-ids.ts'
import { createTransitionWriter } from './write-transitions.ts'

/** All tables that follow from the events. To add one: its table in the schema, a file, and a line here. */
export const createDerivedTables = (database: Database.Database): TableWriter => {
  // Runs first: others ask for the newest.
  const tables = [
    createRunWriter(database),
    createTransitionWriter(database),
    createPatchWriter(database),
    createShadowWriter(database),
    createFindingWriter(database),
    createPointWriter(database),
  ]
  return {
    take: (before, step, timeNs) => {
      for (const table of tables) table.take(before, step, timeNs)
    },
    flush: () => {
      for (const table of tables) table.flush?.()
    },
  }
}
