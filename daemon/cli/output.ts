import { writeFileSync } from 'node:fs'
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
