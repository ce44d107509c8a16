import { Command } from 'commander'
import { labModulesCommand } from './lab-modules.ts'
import { labPrepareCommand } from './lab-prepare.ts'
import { labRunCommand } from './lab-run.ts'

export const labCommand = (): Command =>
  new Command('lab')
    .description('a real kernel in QEMU, with the daemon inside')
    .addCommand(labRunCommand())
    .addCommand(labModulesCommand())
    .addCommand(labPrepareCommand())
