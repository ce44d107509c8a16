import type { Command } from 'commander'
import { readingCommand, readState, type SourceFlags } from './source.ts'
import { print, table } from './text.ts'

const adoption = {
  pending: 'Variables older than the tracer are still being counted.',
  complete: 'Variables older than the tracer are counted in.',
  unavailable: 'Variables older than the tracer are not counted: the live numbers are unknown.',
}

export const shadowCommand = (): Command =>
  readingCommand('shadow', 'shadow variables per id: live counts, bytes, owner, findings').action(
    async (flags: SourceFlags) => {
      const { shadow, findings } = await readState(flags)
      const concerning = findings.filter((finding) => finding.rule.startsWith('shadow-'))
      if (flags.json) return print(JSON.stringify({ ...shadow, findings: concerning }))
      if (shadow.ids.length === 0) print('No shadow variable has been seen.')
      else {
        const known = (value: number | null) => (value === null ? 'unknown' : String(value))
        const head = ['ID', 'LIVE', 'BYTES', 'ALLOCATED', 'FREED', 'FOUND', 'DUPLICATES', 'FAILURES', 'OWNER']
        const rows = shadow.ids.map((id) => [
          id.id,
          known(id.live),
          known(id.liveBytes),
          ...[id.allocated, id.freed, id.found, id.duplicates, id.failures].map(String),
          id.owner ?? '-',
        ])
        print(table(head, rows))
      }
      print(adoption[shadow.adoption])
      for (const finding of concerning) print(`${finding.severity}: ${finding.summary}`)
    },
  )
