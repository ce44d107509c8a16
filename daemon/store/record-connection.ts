import { existsSync, rmSync, statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { openDatabase } from './open-database.ts'
import { explainError } from './record-error.ts'
import { hasUnsorted, sortIn } from './unsorted.ts'
import { createWriter, type Writer } from './writer.ts'
import { lockForWriting } from './writer-lock.ts'

/** A record open for writing, under the lock that keeps other daemons out. */
export type RecordConnection = {
  database: Database.Database
  writer: Writer
  /** Of the newest event in it when it was opened; 0: there is none. */
  lastSeq: number
  /** False: the file was removed, or another one stands in its place. */
  isInPlace: () => boolean
  close: () => void
}

/**
 * @param isFirst this process has not had it open: what power loss left unsorted is sorted in
 * @throws RecordError
 */
export const connectRecord = (file: string, isFirst: boolean): RecordConnection => {
  const opened: Database.Database[] = []
  const hadLock = existsSync(`${file}.lock`)
  try {
    // First of all: opening an older record changes it.
    opened.push(lockForWriting(file))
    const database = openDatabase(file)
    opened.push(database)
    const { ino, dev } = statSync(file)
    const writer = createWriter(database)
    if (isFirst && hasUnsorted(database)) sortIn(database, writer)
    return {
      database,
      writer,
      lastSeq: database.prepare('SELECT coalesce(max(seq), 0) FROM events').pluck().get() as number,
      isInPlace: () => {
        const now = statSync(file, { throwIfNoEntry: false })
        return now?.ino === ino && now.dev === dev
      },
      close: () => closeAll(opened),
    }
  } catch (error) {
    closeAll(opened)
    // Beside a file that is none of ours nothing is left.
    if (!hadLock && opened.length > 0) rmSync(`${file}.lock`, { force: true })
    throw explainError(file, error)
  }
}

/** The record before the lock on it. A damaged one may fail to close in order. */
const closeAll = (databases: Database.Database[]): void => {
  for (const database of databases.reverse()) {
    try {
      database.close()
    } catch {
      // Its file descriptors are closed all the same when the process ends.
    }
  }
}
