import { openDatabase } from './open-database.ts'
import { createPast, type Past } from './past.ts'
import { createQueries, type Queries } from './queries.ts'

/** All that can be asked of a record. */
export type Reader = Queries & Past

/** Every method, so that who asks another thread has them all. */
const methods: Record<keyof Reader, true> = {
  events: true,
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

/** A reader on a connection of its own, which is opened when the first question comes. */
export const createReader = (file: string): Reader => {
  let reader: Reader | undefined
  const reading = (): Reader => {
    if (reader) return reader
    const database = openDatabase(file, { readonly: true })
    reader = { ...createQueries(database), ...createPast(database) }
    return reader
  }
  return Object.fromEntries(
    readerNames.map((name) => [
      name,
      (...args: never[]) => (reading()[name] as (...args: never[]) => unknown)(...args),
    ]),
  ) as Reader
}
