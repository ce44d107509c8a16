import { Command } from 'commander'
import { bpfDir } from '../package-paths.ts'
import { probeCapabilities } from '../sources/capabilities.ts'
import { paint, print, printJson } from './text.ts'

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('what this host offers: each probe and feature, available or not, why, and the remedy')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 all is available, 1 something is missing, 2 nothing can be traced here.',
    )
    .action(async (flags: { json?: boolean }) => {
      const capabilities = await probeCapabilities(bpfDir)
      const missing = capabilities.filter((capability) => !capability.available)
      const hopeless = missing.some(({ name }) => name === 'livepatching' || name === 'root')
      process.exitCode = hopeless ? 2 : missing.length > 0 ? 1 : 0
      if (flags.json) return printJson({ capabilities })
      for (const { name, available, detail, remedy, loss } of capabilities) {
        print(available ? paint('green', 'yes') : paint('red', ' no'), `  ${name}: ${detail}`)
        if (available) continue
        print(`     lost: ${loss}`)
        if (remedy) print(`     do:   ${remedy}`)
      }
      print(
        missing.length === 0 ? 'All is available.' : `${missing.length} of ${capabilities.length} missing.`,
      )
    })
