import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import type { CoreState } from '../core/core-state.ts'
import { signalsHeard } from '../files/clean-up-at-end.ts'
import { openDatabase } from '../store/open-database.ts'
import { createRecorder } from '../store/recorder.ts'
import { temporaryPlace } from '../store/temporary-place.ts'
import { createWriter } from '../store/writer.ts'
import { UserError } from '../user-error.ts'
import { foldRecording } from './fold-recording.ts'
import { whatIsRead } from './look-at-file.ts'
import { readFrames } from './read-frames.ts'
import { readLines } from './read-lines.ts'
import type { Packing } from './read-pieces.ts'

export type FoldedFile = {
  database: Database.Database
  state: CoreState
  malformed: number
  damage: string | null
  close: () => void
}

const takenAtOnce = 50
/** A file that has this many lines that are no records, and hardly any others, is not read further. */
const mostMalformed = 100_000
const fewOthers = 10
/** What is unpacked and folded may take this much room, as a record does by default. */
const mostPages = 2_000_000_000 / 4096

/**
 * Folds a recording or an export into a database in the temporary directory.
 * @throws UserError when no line of it can be read, or there is no room
 */
export const foldFile = async (
  file: string,
  kind: 'frames' | 'lines',
  packing: Packing,
): Promise<FoldedFile> => {
  const place = temporaryPlace('record.db')
  let database: Database.Database | undefined
  try {
    const folded = openDatabase(place.file, { whenPrivate: place.remove })
    database = folded
    await signalsHeard()
    folded.pragma(`max_page_count = ${mostPages}`)
    const recorder = createRecorder(folded)
    const folding = foldRecording(recorder.record, createWriter(folded).checkpoint)
    const damages: string[] = []
    let taken = 0
    let blank = 0
    const read = kind === 'frames' ? readFrames : readLines
    reading: for await (const chunk of read(file, packing, (why) => damages.push(why))) {
      for (const unit of chunk) {
        if (typeof unit !== 'string') folding.takeFrame(unit)
        else if (unit.trim() === '') blank++
        else folding.take(unit)
        // A daemon that opens a sample has other things to do too.
        if (++taken % takenAtOnce !== 0) continue
        await setImmediate()
        const useless = folding.malformed() + blank
        if (useless > mostMalformed && taken - useless < useless / fewOthers) {
          damages.push('the rest of it was not read')
          break reading
        }
      }
    }
    folding.end()
    recorder.end()
    const state = folding.state()
    if (folding.isOfEarlierVersion())
      throw new UserError(
        `${file} is a recording of an earlier version of klpscope, in lines: this version reads frames.`,
        'Open it with the version that wrote it, or export it there (klpscope export --format ndjson --db FILE) and open the export.',
      )
    if (state.seq === 0)
      throw new UserError(
        `${file} is no record: ${kind === 'lines' ? 'no line' : 'no frame'} of it can be read.`,
        `Name ${whatIsRead}.`,
      )
    const malformed = folding.malformed()
    if (malformed > 0)
      damages.unshift(`${malformed} of its ${kind} ${malformed === 1 ? 'is no record' : 'are no records'}`)
    const close = () => {
      folded.close()
      place.remove()
    }
    const damage = damages.length > 0 ? damages.join('; ') : null
    return { database: folded, state, malformed, damage, close }
  } catch (error) {
    database?.close()
    place.remove()
    throw explain(file, error)
  }
}

const explain = (file: string, error: unknown): unknown =>
  (error as { code?: string }).code === 'SQLITE_FULL'
    ? new UserError(
        `${file} cannot be opened: what it holds takes more than 2 GB, or more room than ${tmpdir()} has.`,
        'Name another place with TMPDIR, or export a part of the record only (klpscope export --from --to).',
      )
    : error
