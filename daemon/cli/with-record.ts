import { openReplay, type Replay } from '../replay/open-replay.ts'
import { explainUnreadable } from '../store/record-error.ts'
import { exitCodes } from '../user-error.ts'
import { visibleText } from '../words/visible-text.ts'
import { complain } from './text.ts'

/**
 * Reads from a record of any kind, and closes it. What is read of one that is damaged is told all the same; then the
 * damage is named on standard error and the command ends as `unknown`, whatever it found.
 * @throws UserError when it cannot be read
 */
export const withRecord = async <T>(file: string, read: (record: Replay) => T | Promise<T>): Promise<T> => {
  const record = await openReplay(file)
  try {
    const result = await read(record)
    if (record.damage !== null) tellDamage(record.file, record.damage)
    return result
  } catch (error) {
    throw explainUnreadable(file, error)
  } finally {
    record.close()
  }
}

const tellDamage = (file: string, damage: string): void => {
  complain(
    `klpscope: ${visibleText(`${file} is damaged: ${damage}.`)}\nThe answer is what could be read of it. Copy the file again from where it was made.`,
  )
  process.exitCode = exitCodes.unknown
}
