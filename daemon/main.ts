#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { LabError } from '../test/lab/lab-error.ts'
import { MissingPackagesError } from '../test/lab/system-packages.ts'
import { blockingCommand } from './cli/blocking.ts'
import { bundleCommand } from './cli/bundle.ts'
import { daemonCommand } from './cli/daemon.ts'
import { doctorCommand } from './cli/doctor.ts'
import { exportCommand } from './cli/export.ts'
import { historyCommand } from './cli/history.ts'
import { labModulesCommand } from './cli/lab-modules.ts'
import { labPrepareCommand } from './cli/lab-prepare.ts'
import { labRunCommand } from './cli/lab-run.ts'
import { replayCommand } from './cli/replay.ts'
import { reportCommand } from './cli/report.ts'
import { shadowCommand } from './cli/shadow.ts'
import { startCommand } from './cli/start.ts'
import { statusCommand } from './cli/status.ts'
import { packageVersion } from './package-paths.ts'
import { exitCodes, UserError } from './user-error.ts'

const lab = new Command('lab').description('a real kernel in QEMU, with the daemon inside')
lab.addCommand(labRunCommand())
lab.addCommand(labModulesCommand())
lab.addCommand(labPrepareCommand())

const program = new Command('klpscope')
  .description('Traces Linux kernel livepatching: transitions, blocked tasks, shadow variables.')
  .version(packageVersion())
  .addCommand(daemonCommand())
  .addCommand(doctorCommand())
  .addCommand(statusCommand())
  .addCommand(blockingCommand())
  .addCommand(shadowCommand())
  .addCommand(historyCommand())
  .addCommand(replayCommand())
  .addCommand(reportCommand())
  .addCommand(bundleCommand())
  .addCommand(exportCommand())
  .addCommand(lab)
  .addCommand(startCommand(), { hidden: true })

/** Errors of the command line come to `report` instead of ending the program with 1, which would be a warning. */
const overrideExits = (command: Command): void => {
  command.exitOverride()
  for (const inner of command.commands) overrideExits(inner)
}

/** What a person can fix gets a sentence; anything else is a bug and shows its stack. */
const report = (error: unknown): void => {
  const fail = (text: string, exitCode: number) => {
    process.stderr.write(`klpscope: ${text}\n`)
    process.exitCode = exitCode
  }
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.unknown
  else if (error instanceof UserError) fail(`${error.message}\n${error.remedy}`, error.exitCode)
  else if (error instanceof LabError) fail(error.message, error.exitCode)
  else if (error instanceof MissingPackagesError) fail(error.message, exitCodes.unknown)
  else crash(error)
}

/** As Node.js does, but for the exit code. */
const crash = (error: unknown): void => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
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

overrideExits(program)
await program.parseAsync().catch(report)
