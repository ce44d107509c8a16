#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { blockingCommand } from './cli/blocking.ts'
import { daemonCommand } from './cli/daemon.ts'
import { historyCommand } from './cli/history.ts'
import { labModulesCommand } from './cli/lab-modules.ts'
import { labRunCommand } from './cli/lab-run.ts'
import { shadowCommand } from './cli/shadow.ts'
import { statusCommand } from './cli/status.ts'
import { packageVersion } from './package-paths.ts'
import { UserError } from './user-error.ts'

const lab = new Command('lab').description('a real kernel in QEMU, with the daemon inside')
lab.addCommand(labRunCommand())
lab.addCommand(labModulesCommand())

const program = new Command('klpscope')
  .description('Traces Linux kernel livepatching: transitions, blocked tasks, shadow variables.')
  .version(packageVersion())
  .addCommand(daemonCommand())
  .addCommand(statusCommand())
  .addCommand(blockingCommand())
  .addCommand(shadowCommand())
  .addCommand(historyCommand())
  .addCommand(lab)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else if (error instanceof UserError) {
    process.stderr.write(`klpscope: ${error.message}\n${error.remedy}\n`)
    process.exitCode = error.exitCode
  } else throw error
}
