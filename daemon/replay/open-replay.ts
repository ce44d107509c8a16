import { basename } from 'node:path'
import type Database from 'better-sqlite3'
import type { CoreState } from '../core/core-state.ts'
import { type OpenedRecord, openPrivateRecord, openRecord } from '../store/open-record.ts'
import { explainUnreadable } from '../store/record-error.ts'
import { restoreState } from '../store/restore-state.ts'
import { temporaryPlace } from '../store/temporary-place.ts'
import { foldFile } from './fold-file.ts'
import { lookAtFile } from './look-at-file.ts'
import { lookIntoGzip, unpackGzip } from './unpack-gzip.ts'

/** A record opened to be looked at. */
export type Replay = {
  name: string
  /** As named. */
  file: string
  database: Database.Database
  /** After its last event. */
  state: CoreState
  /** Lines that could not be read. */
  malformed: number
  /** What is wrong with it, as in "it is damaged: …"; null when it is whole. */
  damage: string | null
  close: () => void
}

/**
 * Opens a record of any kind: SQLite, events as NDJSON, a recording of raw records; each also gzipped. The file is only
 * read; what is not SQLite is folded into a temporary database.
 * @throws UserError for a file that is missing, empty, foreign, newer than this program, or damaged beyond reading
 */
export const openReplay = async (file: string): Promise<Replay> => {
  const { kind, sizeBytes } = await lookAtFile(file)
  const within = kind === 'gzip' ? await lookIntoGzip(file) : kind
  const name = basename(file)
  if (within === 'sqlite') {
    const opened = kind === 'gzip' ? await openUnpacked(file, sizeBytes) : await openRecord(file)
    return { name, file, ...restored(file, opened), malformed: 0, damage: null }
  }
  const packing = { gzipped: kind === 'gzip', sizeBytes }
  return { name, file, ...(await foldFile(file, within === 'frames' ? 'frames' : 'lines', packing)) }
}

/** A database has to be unpacked to be read; lines do not. */
const openUnpacked = async (file: string, sizeBytes: number): Promise<OpenedRecord> => {
  const place = temporaryPlace('record.db')
  try {
    await unpackGzip(file, sizeBytes, place.file)
    return await openPrivateRecord(place, file)
  } catch (error) {
    place.remove()
    throw error
  }
}

const restored = (file: string, opened: OpenedRecord): OpenedRecord & { state: CoreState } => {
  try {
    return { ...opened, state: restoreState(opened.database) }
  } catch (error) {
    opened.close()
    throw explainUnreadable(file, error)
  }
}
