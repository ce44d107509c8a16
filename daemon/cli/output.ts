import { once } from 'node:events'
import { createWriteStream, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { UserError } from '../user-error.ts'

/** Writes a document to a file, or to standard output when none is named. @throws UserError */
export const writeDocument = (text: string, file: string | undefined): void => {
  if (file === undefined || file === '-') return void process.stdout.write(text)
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

export const cannotWrite = (file: string, error: unknown): UserError =>
  new UserError(
    `${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? error}).`,
    'Name another file with -o.',
  )

/** The file appears when it is whole; what was written of it until a failure or Ctrl-C is removed. @throws UserError */
export const toFile = async (file: string, write: (out: Writable) => Promise<void>): Promise<void> => {
  const partial = `${file}.partial`
  const out = createWriteStream(partial)
  const failed = once(out, 'error').then(([error]) => {
    throw cannotWrite(file, error)
  })
  const interrupted = () => {
    rmSync(partial, { force: true })
    process.stderr.write('\n')
    process.exit(130)
  }
  process.once('SIGINT', interrupted)
  try {
    await Promise.race([failed, write(out).then(() => closed(out))])
    renameSync(partial, file)
  } catch (error) {
    out.destroy()
    rmSync(partial, { force: true })
    throw error
  } finally {
    process.off('SIGINT', interrupted)
  }
}

const closed = (out: Writable): Promise<void> =>
  out.closed ? Promise.resolve() : new Promise((resolve) => out.end(resolve))
