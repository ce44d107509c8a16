import type { Command } from 'commander'
import { countsShadow } from '../contract/shadow-probes.ts'
import { shadowUncounted } from '../words/words.ts'
import { shadowDetails } from './shadow-details.ts'
import { readingCommand, readState, type SourceFlags } from './source.ts'
import { print, printJson, printTable, since } from './text.ts'

const adoption = {
  pending: 'Variables older than the tracer are still being counted.',
  complete: 'Variables older than the tracer are counted in.',
  unavailable: 'Variables older than the tracer are not counted: the live numbers are unknown.',
}

export const shadowCommand = (): Command =>
  readingCommand('shadow', 'shadow variables per id: live counts, bytes, owner, findings').action(
    async (flags: SourceFlags) => {
      const { shadow, findings, time, tracer } = await readState(flags)
      const isCounted = countsShadow(tracer.probeSets)
      const concerning = findings.filter((finding) => finding.rule.startsWith('shadow-'))
      if (flags.json) return printJson({ ...shadow, findings: concerning })
      if (shadow.ids.length === 0) print('No shadow variable has been seen.')
      else {
        const known = (value: number | null) => (value === null ? 'unknown' : String(value))
        const head = ['ID', 'LIVE', 'BYTES', 'ALLOCATED', 'FREED', 'FOUND', 'DUPLICATES', 'FAILURES', 'OWNER']
        const rows = shadow.ids.map((id) => [
          id.id,
          known(id.live),
          known(id.liveBytes),
          ...[id.allocated, id.freed, id.found, id.duplicates, id.failures].map((count) =>
            known(isCounted ? count : null),
          ),
          id.owner ?? 'unknown',
        ])
        printTable(head, rows)
        for (const id of shadow.ids) for (const line of shadowDetails(id)) print(`${id.id}: ${line}`)
      }
      print(isCounted ? adoption[shadow.adoption] : shadowUncounted)
      if (shadow.checkedAt !== null)
        print(`Last checked against the kernel ${since(shadow.checkedAt, time)} ago.`)
      for (const finding of concerning) print(`${finding.severity}: ${finding.summary}`)
    },
  )
