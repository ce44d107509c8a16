import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RecordError } from './record-error.ts'

/** More damaged records than this are not piled up: the disk may be dying. */
const mostSetAside = 3

/**
 * Renames a damaged record, so that a new one can begin in its place.
 * @returns its new name
 * @throws RecordError when there are too many already
 */
export const setAside = (file: string): string => {
  const prefix = `${basename(file)}.damaged-`
  const already = readdirSync(dirname(file)).filter(
    (name) => name.startsWith(prefix) && !name.endsWith('-wal'),
  )
  if (already.length >= mostSetAside) {
    throw new RecordError(
      'damaged',
      `${file} is damaged, as ${already.length} records before it were, which lie beside it.`,
      `Look after the disk, and move ${join(dirname(file), prefix)}* away.`,
    )
  }
  const name = `${file}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
  renameSync(file, name)
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${name}-wal`)
  rmSync(`${file}-shm`, { force: true })
  return name
}
