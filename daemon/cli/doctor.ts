import { Command } from 'commander'
import { bpfDir, tracerFile } from '../package-paths.ts'
import { type Capability, probeCapabilities } from '../sources/capabilities.ts'
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
      const capabilities = await probeCapabilities(tracerFile, bpfDir)
      const missing = capabilities.filter((capability) => !capability.available)
      const hopeless = missing.some(({ name }) => name === 'livepatching' || name === 'root')
      process.exitCode = hopeless ? 2 : missing.length > 0 ? 1 : 0
      if (flags.json) return printJson({ capabilities })
      const groups = byCause(capabilities)
      for (const [index, group] of groups.entries()) {
        const [{ available, detail, remedy }] = group
        const names = group.map(({ name }) => name).join(', ')
        print(available ? paint('green', 'yes') : paint('red', ' no'), `  ${names}: ${detail}`)
        if (available) continue
        for (const { loss } of group) print(`     lost: ${loss}`)
        // One remedy for several that follow each other stands behind the last of them.
        if (remedy && remedy !== groups[index + 1]?.[0].remedy) print(`     do:   ${remedy}`)
      }
      print(
        missing.length === 0 ? 'All is available.' : `${missing.length} of ${capabilities.length} missing.`,
      )
    })

type Group = [Capability, ...Capability[]]

/** What is missing for one and the same reason is told once, where the first of it stands. */
export const byCause = (capabilities: readonly Capability[]): Group[] => {
  const groups: Group[] = []
  for (const capability of capabilities) {
    const same = groups.find(
      ([{ available, detail, remedy }]) =>
        !available && !capability.available && detail === capability.detail && remedy === capability.remedy,
    )
    if (same) same.push(capability)
    else groups.push([capability])
  }
  return groups
}
