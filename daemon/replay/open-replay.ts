import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import type Database from 'better-sqlite3'
import type { CoreState } from '../core/core-state.ts'
import { openDatabase } from '../store/open-database.ts'
import { openRecord } from '../store/open-record.ts'
import { createRecorder } from '../store/recorder.ts'
import { restoreState } from '../store/restore-state.ts'
import { createWriter } from '../store/writer.ts'
import { UserError } from '../user-error.ts'
import { shellQuoteFile } from '../words/shell-quote.ts'
import { foldRecording } from './fold-recording.ts'
import { readLines } from './read-lines.ts'

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
  /** Why its end is missing; null when it is whole. */
  damage: string | null
  close: () => void
}

const sqliteMagic = 'SQLite format 3\0'
const takenAtOnce = 50
const what = 'a record (klpscope.db), an export (NDJSON) or a recording (klpscope daemon --record)'

/**
 * Opens a record of any kind: SQLite, events as NDJSON, raw records as NDJSON; each also gzipped. The file is only
 * read; what is not SQLite is folded into a temporary database.
 * @throws UserError for a file that is missing, empty, foreign, newer than this program, or damaged beyond reading
 */
export const openReplay = async (file: string): Promise<Replay> => {
  const head = await readHead(file)
  if (head.toString('latin1') === sqliteMagic) return openSqlite(file, file)
  if (head[0] === 0x1f && head[1] === 0x8b) return openGzip(file)
  return foldFile(file, false)
}

const readHead = async (file: string): Promise<Buffer> => {
  try {
    const handle = await open(file, 'r')
    try {
      const { bytesRead, buffer } = await handle.read(
        Buffer.alloc(sqliteMagic.length),
        0,
        sqliteMagic.length,
        0,
      )
      if (bytesRead === 0) throw new UserError(`${file} is empty: it holds no record.`, `Name ${what}.`, 3)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof UserError || code === undefined) throw error
    if (code === 'ENOENT') throw new UserError(`${file} does not exist.`, `Name ${what}.`, 3)
    throw new UserError(`${file} cannot be read (${code}).`, 'Check the path and its permissions.', 3)
  }
}

const openSqlite = (file: string, name: string): Replay => {
  const { database, close } = openRecord(file)
  try {
    return {
      name: basename(name),
      file: name,
      database,
      state: restoreState(database),
      malformed: 0,
      damage: null,
      close,
    }
  } catch (error) {
    close()
    if (!(error as { code?: string }).code?.startsWith('SQLITE_')) throw error
    throw new UserError(
      `${name} is damaged: ${(error as Error).message}.`,
      `What is still readable: sqlite3 ${shellQuoteFile(name)} .recover`,
      3,
    )
  }
}

/** A database has to be unpacked to be read; lines do not. */
const openGzip = async (file: string): Promise<Replay> => {
  const [first] = await firstBytes(file)
  if (!first?.startsWith(sqliteMagic)) return foldFile(file, true)
  const place = temporaryPlace('record.db')
  try {
    await pipeline(createReadStream(file), createGunzip(), createWriteStream(place.file)).catch((error) => {
      throw new UserError(
        `${file} is damaged (${error.code}).`,
        'Unpack it by hand to see what is left: gunzip -k',
        3,
      )
    })
    const replay = openSqlite(place.file, file)
    return {
      ...replay,
      close: () => {
        replay.close()
        place.remove()
      },
    }
  } catch (error) {
    place.remove()
    throw error
  }
}

const firstBytes = async (file: string): Promise<string[]> => {
  const source = createReadStream(file)
  const gunzip = source.pipe(createGunzip())
  try {
    for await (const chunk of gunzip) return [(chunk as Buffer).subarray(0, 16).toString('latin1')]
  } catch {
    // What is wrong with it is told when its lines are read.
  } finally {
    source.destroy()
  }
  return []
}

const foldFile = async (file: string, gzipped: boolean): Promise<Replay> => {
  const place = temporaryPlace('record.db')
  try {
    const writing = openDatabase(place.file)
    const recorder = createRecorder(writing)
    const folding = foldRecording(recorder.record, createWriter(writing).checkpoint)
    let damage: string | null = null
    const lines = readLines(file, gzipped, (error) => {
      damage = error.message
    })
    let taken = 0
    for await (const line of lines) {
      folding.take(line)
      // A daemon that opens a sample has other things to do too.
      if (++taken % takenAtOnce === 0) await setImmediate()
    }
    folding.end()
    recorder.close()
    const state = folding.state()
    if (state.seq === 0) {
      throw new UserError(`${file} is no record: no line of it can be read.`, `Name ${what}.`, 3)
    }
    const database = openDatabase(place.file)
    const close = () => {
      database.close()
      place.remove()
    }
    return { name: basename(file), file, database, state, malformed: folding.malformed(), damage, close }
  } catch (error) {
    place.remove()
    throw error
  }
}

const temporaryPlace = (name: string): { file: string; remove: () => void } => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-replay-'))
  return { file: join(dir, name), remove: () => rmSync(dir, { recursive: true, force: true }) }
}
