import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { createCheckpointWriter } from '../../../daemon/store/checkpoints.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { createRecorder } from '../../../daemon/store/recorder.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { migrations } from '../../../daemon/store/schema.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()

const failureOf = (act: () => unknown): UserError => {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return error as UserError
  }
  throw new Error('nothing failed')
}

/** A record as a daemon left it. */
const aRecord = (): string => {
  const file = dir.path('klpscope.db')
  const recorder = createRecorder(openDatabase(file))
  for (const step of stepsOf(recordingNames[0]!)) recorder.record(step)
  recorder.close()
  return file
}
const sqlite = (file: string, ...statements: string[]): string => {
  const database = new Database(file)
  for (const statement of statements) database.exec(statement)
  database.close()
  return file
}
const written = (name: string, contents: string | Buffer): string => {
  const file = dir.path(name)
  writeFileSync(file, contents)
  return file
}

describe('a file that cannot be used', () => {
  const damagedInTheMiddle = () => {
    const file = aRecord()
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 100, 4096)
    writeFileSync(file, bytes)
    return file
  }
  it.each<[string, () => string, RegExp]>([
    ['text', () => written('x', 'This is not a database.\n'.repeat(500)), /damaged or not a SQLite database/],
    ['cut off in its header', () => written('x', 'SQLite format 3\0'), /damaged or not a SQLite database/],
    ['damaged in its schema', damagedInTheMiddle, /damaged or not a SQLite database/],
    ["someone else's database", () => sqlite(dir.path('x'), 'CREATE TABLE t (a)'), /not one of klpscope's/],
    [
      'a newer record',
      () => sqlite(aRecord(), `PRAGMA user_version = ${migrations.length + 1}`),
      /written by a newer klpscope/,
    ],
  ])('%s: is refused with a remedy, to write and to read, and left as it is', (_, prepare, message) => {
    const file = prepare()
    const before = readFileSync(file)
    for (const options of [{}, { readonly: true }]) {
      const error = failureOf(() => openDatabase(file, options))
      expect(error.message).toMatch(message)
      expect(error.message).toContain(file)
      expect(error.remedy).toContain('--db')
      expect(readFileSync(file).equals(before)).toBe(true)
    }
  })

  it('an empty file holds nothing to read, but a new record may begin in it', () => {
    const file = written('empty.db', '')
    expect(failureOf(() => openDatabase(file, { readonly: true })).message).toMatch(/is empty/)
    expect(readFileSync(file)).toHaveLength(0)
    openDatabase(file).close()
    expect(openDatabase(file, { readonly: true }).open).toBe(true)
  })

  it('a file that is not there is not made by reading', () => {
    const file = join(dir.path('nowhere'), 'x.db')
    expect(failureOf(() => openDatabase(file, { readonly: true })).message).toMatch(
      /does not exist|cannot be opened/,
    )
    expect(existsSync(dirname(file))).toBe(false)
  })

  it('a directory, and a path through a file', () => {
    mkdirSync(dir.path('folder'))
    for (const file of [dir.path('folder'), join(written('file', 'x'), 'x.db')]) {
      const error = failureOf(() => openDatabase(file))
      expect(error.message).toMatch(/cannot be opened/)
      expect(error.remedy).toMatch(/path and its permissions/)
    }
  })

  it('a record this user may not write can still be read', () => {
    const file = sqlite(aRecord(), 'PRAGMA journal_mode = DELETE')
    chmodSync(file, 0o444)
    const before = readFileSync(file)
    asNobody(() => {
      const error = failureOf(() => openDatabase(file))
      expect(error.message).toMatch(/cannot be opened/)
      expect(error.remedy).toMatch(/permissions/)
      const database = openDatabase(file, { readonly: true })
      expect(restoreState(database).seq).toBeGreaterThan(0)
      database.close()
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('a record another process has locked', { timeout: 15_000 }, () => {
    const file = aRecord()
    const other = new Database(file)
    other.pragma('locking_mode = EXCLUSIVE')
    other.exec('BEGIN EXCLUSIVE')
    try {
      const error = failureOf(() => openDatabase(file))
      expect(error.message).toMatch(/locked by another process/)
      expect(error.remedy).toMatch(/other daemon/)
    } finally {
      other.close()
    }
    openDatabase(file).close()
  })
})

/** Root may write everything: the test then goes on as another user. */
const asNobody = (act: () => void): void => {
  const root = process.getuid?.() === 0
  if (root) process.seteuid?.(65_534)
  try {
    act()
  } finally {
    if (root) process.seteuid?.(0)
  }
}

describe('a record', () => {
  it('is made with the folders above it, and again found as it was', () => {
    const file = join(dir.path('a'), 'b', 'klpscope.db')
    openDatabase(file).close()
    const database = openDatabase(file)
    expect(database.pragma('user_version', { simple: true })).toBe(migrations.length)
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal')
    database.close()
  })

  it('can be read while it is being written', () => {
    const file = dir.path('klpscope.db')
    const recorder = createRecorder(openDatabase(file))
    const steps = stepsOf(recordingNames[0]!)
    // As many as are written at once.
    for (let at = 0; at < 1_000; at++)
      recorder.record({ ...steps[0]!, event: { ...steps[0]!.event, seq: at + 1 } })
    const reader = openDatabase(file, { readonly: true })
    expect(reader.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 1_000 })
    reader.close()
    recorder.close()
  })

  it('survives a writer that never closed it', () => {
    const file = dir.path('klpscope.db')
    const steps = stepsOf(recordingNames[0]!)
    const left = openDatabase(file)
    createCheckpointWriter(left).write(steps[6]!.state)
    const again = openDatabase(file)
    expect(restoreState(again).seq).toBe(7)
    again.close()
    left.close()
  })
})
