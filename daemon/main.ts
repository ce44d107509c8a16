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
import { UserError } from './user-error.ts'

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

/** What a person can mend gets a sentence; anything else is a bug and shows its stack. */
const report = (error: unknown): void => {
  const fail = (text: string, exitCode: number) => {
    process.stderr.write(`klpscope: ${text}\n`)
    process.exitCode = exitCode
  }
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else if (error instanceof UserError) fail(`${error.message}\n${error.remedy}`, error.exitCode)
  else if (error instanceof LabError) fail(error.message, error.exitCode)
  else if (error instanceof MissingPackagesError) fail(error.message, 1)
  else throw error
}

// Whoever read our output has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

await program.parseAsync().catch(report)
