import { Command } from 'commander'
import { packageVersion } from '../package-paths.ts'
import { blockingCommand } from './blocking.ts'
import { bundleCommand } from './bundle.ts'
import { daemonCommand } from './daemon.ts'
import { doctorCommand } from './doctor.ts'
import { exportCommand } from './export.ts'
import { historyCommand } from './history.ts'
import { labModulesCommand } from './lab-modules.ts'
import { labPrepareCommand } from './lab-prepare.ts'
import { labRunCommand } from './lab-run.ts'
import { replayCommand } from './replay.ts'
import { reportCommand } from './report.ts'
import { shadowCommand } from './shadow.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { complain } from './text.ts'

/** The whole command line. Its errors are thrown instead of ending the process with 1, which would be a warning. */
export const createProgram = (): Command => {
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

  prepare(program)
  return program
}

const prepare = (command: Command): void => {
  command.exitOverride().configureOutput({ writeErr: (text) => complain(text.trimEnd()) })
  for (const inner of command.commands) prepare(inner)
}
