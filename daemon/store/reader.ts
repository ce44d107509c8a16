import type Database from 'better-sqlite3'
import { openDatabase } from './open-database.ts'
import { createPast, type Past } from './past.ts'
import { createQueries, type Queries } from './queries.ts'
import { explainError } from './record-error.ts'

/** All that can be asked of a record. */
export type Reader = Queries & Past

/** Every method, so that who asks another thread has them all. */
const methods: Record<keyof Reader, true> = {
  events: true,
  newestOfKinds: true,
  transitions: true,
  transition: true,
  findings: true,
  series: true,
  seriesNames: true,
  bounds: true,
  seqAt: true,
  stateAfter: true,
  viewAfter: true,
  step: true,
  runs: true,
  timeline: true,
}
export const readerNames = Object.keys(methods) as (keyof Reader)[]

/**
 * A reader on a connection of its own, which is opened when the first question comes, and again after an error or
 * when told to.
 * @throws RecordError
 */
export const createReader = (file: string): Reader & { reopen: () => void } => {
  let opened: { database: Database.Database; reader: Reader } | undefined
  const reopen = (): void => {
    opened?.database.close()
    opened = undefined
  }
  const reading = (): Reader => {
    if (!opened) {
      const database = openDatabase(file, { readonly: true })
      opened = { database, reader: { ...createQueries(database), ...createPast(database) } }
    }
    return opened.reader
  }
  const ask = (name: keyof Reader, args: never[]): unknown => {
    try {
      return (reading()[name] as (...args: never[]) => unknown)(...args)
    } catch (error) {
      reopen()
      throw explainError(file, error)
    }
  }
  const methods = readerNames.map((name) => [name, (...args: never[]) => ask(name, args)])
  return { ...(Object.fromEntries(methods) as Reader), reopen }
}
