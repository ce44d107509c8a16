import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { applicationId } from './schema.ts'

/** What the first bytes of a database file say of it (https://sqlite.org/fileformat2.html, the database header). */
export type FileHeader = {
  /** SQLite takes it for a database by these bytes alone, whatever is in the log beside it. */
  isDatabase: boolean
  /** It began as one of our records, whatever became of it. */
  isOurs: boolean
  /** It is shorter than it says; what is missing may be in the log beside it. */
  isShort: boolean
  /** Changes when one of these may have changed. */
  key: string
}

/** @throws ErrnoException when the file cannot be read */
export const readFileHeader = (file: string): FileHeader => {
  const header = Buffer.alloc(72)
  const handle = openSync(file, 'r')
  try {
    readSync(handle, header, 0, header.length, 0)
    const isDatabase = header.toString('latin1', 0, 16) === 'SQLite format 3\0'
    const isOurs = isDatabase && header.readUInt32BE(68) === applicationId
    const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
    const { size } = fstatSync(handle)
    const pages = header.readUInt32BE(28)
    return { isDatabase, isOurs, isShort: size < pages * pageBytes, key: `${isOurs} ${size} ${pages}` }
  } finally {
    closeSync(handle)
  }
}
