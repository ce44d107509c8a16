import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { beginsRecording } from '../raw/frames.ts'
import { UserError } from '../user-error.ts'

export type FileKind = 'sqlite' | 'gzip' | 'frames' | 'lines'

export const whatIsRead =
  'a record (klpscope.db), an export (NDJSON) or a recording (klpscope daemon --record)'
export const sqliteMagic = 'SQLite format 3\0'

/** A file this much larger than what it takes on its disk was not written by klpscope; compressed disks save less. */
const mostlyHoles = 100
const smallBytes = 64_000_000

/**
 * What kind of record a file may be, by its first bytes.
 * @throws UserError for what is missing, empty, unreadable, or no regular file: those may never end
 */
export const lookAtFile = async (file: string): Promise<{ kind: FileKind; sizeBytes: number }> => {
  try {
    // Opening a pipe that nobody writes to would wait for ever.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await handle.stat()
      refuse(file, stats)
      const { bytesRead, buffer } = await handle.read(
        Buffer.alloc(sqliteMagic.length),
        0,
        sqliteMagic.length,
        0,
      )
      return { kind: kindOf(buffer.subarray(0, bytesRead)), sizeBytes: stats.size }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof UserError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new UserError(`${file} does not exist.`, `Name ${whatIsRead}.`)
    throw new UserError(`${file} cannot be read (${code ?? error}).`, 'Check the path and its permissions.')
  }
}

const refuse = (file: string, stats: Stats): void => {
  if (!stats.isFile()) throw new UserError(`${file} is ${typeOf(stats)}, not a file.`, `Name ${whatIsRead}.`)
  if (stats.size === 0) throw new UserError(`${file} is empty: it holds no record.`, `Name ${whatIsRead}.`)
  if (stats.size > smallBytes && stats.blocks * 512 * mostlyHoles < stats.size)
    throw new UserError(`${file} is no record: nearly all of it is a hole.`, `Name ${whatIsRead}.`)
}

const typeOf = (stats: Stats): string => {
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a pipe'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}

export const kindOf = (head: Buffer): FileKind => {
  if (head.toString('latin1', 0, sqliteMagic.length) === sqliteMagic) return 'sqlite'
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  return beginsRecording(head) ? 'frames' : 'lines'
}
