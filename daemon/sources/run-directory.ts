import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createPrivateFile } from '../files/create-private-file.ts'
import { makePrivateDir } from '../files/make-private-dir.ts'
import { UserError } from '../user-error.ts'

export type RunDirectory = { path: string; remove: () => void }

const prefix = 'run-'
const lockName = 'lock'
/** Somebody else who starts may take a directory for an abandoned one before it is locked. */
const tries = 3

/**
 * A directory for one daemon's generated scripts, so that several can run side by side. Those of daemons that were
 * killed are removed. As with a record, SQLite does the locking: it lets go however a process ends, and also where
 * process ids mean nothing (a container that shares /run).
 * @throws UserError when it cannot be made
 */
export const createRunDirectory = (base: string): RunDirectory => {
  try {
    makePrivateDir(base)
    removeAbandoned(base)
    for (let left = tries; ; left--) {
      const path = mkdtempSync(join(base, prefix))
      chmodSync(path, 0o700)
      const lock = lockDirectory(path)
      if (lock) return { path, remove: () => remove(path, lock) }
      if (left === 0) throw new Error('locked by another process')
    }
  } catch (error) {
    throw new UserError(
      `${base} cannot be written (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}).`,
      'klpscope keeps its generated scripts there: check its permissions and the room on its file system.',
    )
  }
}

const lockDirectory = (path: string): Database.Database | null => {
  const file = join(path, lockName)
  let lock: Database.Database | undefined
  try {
    createPrivateFile(file)
    lock = new Database(file, { timeout: 0 })
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (String((error as { code?: string }).code).startsWith('SQLITE_BUSY')) return null
    throw error
  }
}

const remove = (path: string, lock: Database.Database): void => {
  rmSync(path, { recursive: true, force: true })
  lock.close()
}

const removeAbandoned = (base: string): void => {
  for (const name of readdirSync(base).filter((entry) => entry.startsWith(prefix))) {
    const path = join(base, name)
    const lock = lockDirectory(path)
    if (lock) remove(path, lock)
  }
}
