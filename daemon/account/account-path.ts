import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** Where the account of a record is kept: the same file for every name the record has. @param runDir in memory */
export const accountPath = (runDir: string, recordFile: string): string => {
  const file = resolve(recordFile)
  const hash = createHash('sha256')
    .update(join(realDir(dirname(file)), basename(file)))
    .digest('hex')
  return join(runDir, `account-${hash.slice(0, 16)}.json`)
}

const realDir = (dir: string): string => {
  try {
    return realpathSync(dir)
  } catch {
    // It will be made.
    return dir
  }
}
