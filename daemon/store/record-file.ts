import { existsSync } from 'node:fs'
import { type CoreState, initialState } from '../core/core-state.ts'
import { accountedFor } from './accounted-for.ts'
import { damageOf } from './damage-of.ts'
import { readFileHeader } from './file-header.ts'
import type { Keep } from './keep.ts'
import { connectRecord, type RecordConnection } from './record-connection.ts'
import { explainError, RecordError } from './record-error.ts'
import { restoreOrBegin } from './restore-state.ts'
import { createRetention, type Retention } from './retention.ts'
import { deserializeState, serializeState } from './serialize-state.ts'
import { setAside } from './set-aside.ts'
import { keepUnsorted } from './unsorted.ts'
import { seqOf, writeWhatGoes, writingTo } from './write-what-goes.ts'

/** A new record was begun in the place of one that was damaged or removed. */
export type Renewal = { reason: string; setAside: string | null }

/** Where a record begins for a daemon: the state to go on from, as serializeState gives it. */
export type Opening = {
  state: string
  /** It cannot be written yet: tried again with every write. */
  failure: { message: string; remedy: string } | null
  renewal: Renewal | null
}

/** What the writing thread is asked for. States pass as serializeState gives them, events as JSON. */
export type RecordFile = {
  /** @throws RecordError when the file is the wrong one to write to */
  open: () => Opening
  /**
   * Folds events and writes them with all that follows from them, in one transaction.
   * @param durable on disk when it returns
   * @throws RecordError; then nothing of it was written
   */
  write: (events: readonly string[], durable: boolean) => Renewal | null
  /**
   * Puts events, one JSON object a line, on disk without folding them. They are to be written in their turn all the
   * same, unless power fails: then the next to open the record does it.
   * @throws RecordError; then nothing of it was written
   */
  keep: (lastSeq: number, lines: string) => Renewal | null
  /** Goes on from another state, after a hole in the events. */
  adopt: (state: string) => Renewal | null
  /** Looks the whole record through, when reading met damage. @throws RecordError */
  check: () => Renewal | null
  /** How many events numbered after `after`, up to `upTo`, the record has or counts as lost. */
  accountFor: (after: number, upTo: number | null) => number
  /** Deletes some of what is not to be kept any more. @returns whether there is more to delete at once */
  tidy: () => boolean
  close: () => void
}

const lookEveryMs = 2_000

/**
 * The record as its writing thread keeps it. Events are all it is told: it folds them itself, so that the thread
 * that observes never waits for a state to be copied.
 */
export const createRecordFile = (file: string, keep: Keep): RecordFile => {
  let connection: RecordConnection | undefined
  let retention: Retention | undefined
  /** It has been open in this process: whatever is in it now, it was a record. */
  let wasOpen = false
  let state: CoreState = initialState
  let lookedAtMs = Number.NEGATIVE_INFINITY
  /** What a look at the file showed that SQLite found nothing wrong with. */
  let foundWhole = ''
  /** What is in the file cannot be trusted any more, even if it should open again. */
  let damage: string | undefined
  /** A new record was begun, but nobody was told yet. */
  let untold: Renewal | null = null

  const disconnect = (): void => {
    connection?.close()
    connection = undefined
  }

  /** Connects, and makes sure that what comes can follow on what is there. */
  const connect = (upTo: number): RecordConnection => {
    if (connection) return connection
    const made = connectRecord(file, !wasOpen)
    try {
      if (made.lastSeq > Math.max(state.seq, upTo)) {
        throw new RecordError(
          'failing',
          `${file} holds later events than this daemon has seen.`,
          'Restart the daemon to go on with it, or name another file with --db.',
        )
      }
      if (made.lastSeq < state.seq) made.writer.checkpoint(state)
    } catch (error) {
      made.close()
      throw error
    }
    connection = made
    retention = createRetention(made.database, keep)
    wasOpen = true
    return made
  }

  const renew = (reason: string): void => {
    disconnect()
    damage = reason
    untold = { reason, setAside: existsSync(file) ? setAside(file) : null }
    damage = undefined
  }

  /** Does work on the record; once more on a new one if it proves damaged. */
  const attempt = (upTo: number, work: (connection: RecordConnection) => void): Renewal | null => {
    try {
      if (damage === undefined) lookAtFile()
      else renew(damage)
      work(connect(upTo))
    } catch (error) {
      const explained = explainError(file, error)
      if (explained.trouble !== 'full' && explained.trouble !== 'locked') disconnect()
      const isDamaged = explained.trouble === 'damaged' && damage === undefined
      if (!isDamaged || !(wasOpen || readFileHeader(file).isOurs)) throw explained
      renew((error as Error).message)
      work(connect(upTo))
    }
    const renewal = untold
    untold = null
    return renewal
  }

  /** What is in memory hides what becomes of the file. @throws RecordError when SQLite says that it is damaged */
  const lookAtFile = (): void => {
    if (!connection || performance.now() - lookedAtMs < lookEveryMs) return
    lookedAtMs = performance.now()
    if (!connection.isInPlace()) {
      disconnect()
      untold = { reason: `${file} was removed or replaced`, setAside: null }
      return
    }
    const { isDatabase, isOurs, isShort, key } = readFileHeader(file)
    // Written once, in the file itself. While newer pages in the log hide it, SQLite finds nothing wrong: until it
    // begins the log anew, and what was overwritten is all there is.
    if (!isDatabase) throw new RecordError('damaged', 'its beginning was overwritten or cut off', '')
    if ((isOurs && !isShort) || key === foundWhole) return
    requireWhole()
    foundWhole = key
  }

  /** @throws RecordError when SQLite says that the file is damaged */
  const requireWhole = (): void => {
    const found = damageOf(file)
    if (found !== null) throw new RecordError('damaged', found, '')
  }

  /** Numbers go up over the life of a record, whose last one cannot be known now: milliseconds outrun them. */
  const startWithout = ({ message, remedy }: RecordError): Opening => {
    state = { ...initialState, seq: Date.now() }
    return { state: serializeState(state), failure: { message, remedy }, renewal: null }
  }

  return {
    open: () => {
      try {
        const renewal = attempt(Number.MAX_SAFE_INTEGER, ({ database, writer, lastSeq }) => {
          const { state: restored, unreadable } = restoreOrBegin(database, lastSeq)
          state = restored
          if (unreadable === null) return
          writer.checkpoint(state)
          untold = {
            reason: `${file} holds something that cannot be read (${unreadable}): its events are kept, what follows begins anew`,
            setAside: null,
          }
        })
        return { state: serializeState(state), failure: null, renewal }
      } catch (error) {
        const explained = explainError(file, error)
        if (!['locked', 'full', 'unwritable', 'failing'].includes(explained.trouble)) throw explained
        return startWithout(explained)
      }
    },
    write: (events, durable) =>
      attempt(seqOf(events.at(-1) ?? '', state), ({ writer, lastSeq }) => {
        const write = writingTo(writer, lastSeq, durable)
        writeWhatGoes(state, events, (before, steps) => {
          write(before, steps)
          // At once: a part of a batch stays written when the rest fails.
          state = steps.at(-1)?.state ?? state
        })
      }),
    keep: (lastSeq, lines) => attempt(lastSeq, ({ database }) => keepUnsorted(database, lastSeq, lines)),
    adopt: (text) => {
      const adopted = deserializeState(text)
      const renewal = attempt(adopted.seq, ({ writer }) => writer.checkpoint(adopted))
      state = adopted
      return renewal
    },
    check: () =>
      attempt(state.seq, () => {
        requireWhole()
      }),
    accountFor: (after, upTo) => {
      let count = 0
      attempt(state.seq, ({ database }) => {
        count = accountedFor(database, after, upTo)
      })
      return count
    },
    tidy: () => {
      if (!connection) return false
      let more = false
      untold = attempt(state.seq, () => {
        more = retention?.step() ?? false
      })
      return more
    },
    close: () => {
      try {
        if (connection && state.seq > 0) connection.writer.checkpoint(state)
      } finally {
        disconnect()
      }
    },
  }
}
