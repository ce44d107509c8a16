#!/usr/bin/env node
import { CommanderError } from 'commander'
import { LabError } from '../test/lab/lab-error.ts'
import { MissingPackagesError } from '../test/lab/system-packages.ts'
import { createProgram } from './cli/program.ts'
import { complain } from './cli/text.ts'
import { exitCodes, UserError } from './user-error.ts'
import { visibleText } from './words/visible-text.ts'

/** What a person can fix gets a sentence; anything else is a bug and shows its stack. */
const report = (error: unknown): void => {
  const fail = (text: string, exitCode: number) => {
    complain(`klpscope: ${text}`)
    process.exitCode = exitCode
  }
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.unknown
  else if (error instanceof UserError) fail(`${visibleText(error.message)}\n${error.remedy}`, error.exitCode)
  else if (error instanceof LabError) fail(error.message, error.exitCode)
  else if (error instanceof MissingPackagesError) fail(error.message, exitCodes.unknown)
  else crash(error)
}

/** As Node.js does, but for the exit code. */
const crash = (error: unknown): void => {
  complain(String(error instanceof Error ? error.stack : error))
  process.exit(exitCodes.unknown)
}
process.on('uncaughtException', crash)

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader closed the pipe: exit quietly.
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(
    `klpscope: Standard output cannot be written (${error.code}).\nMake room where it leads.\n`,
  )
  process.exit(exitCodes.unknown)
})

const program = await createProgram(process.argv.slice(2))
await program.parseAsync().catch(report)
