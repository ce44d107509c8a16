import type { Command } from 'commander'
import { isPassive } from '../contract/passive.ts'
import type { Headline } from '../contract/state.ts'
import { exitCodes } from '../user-error.ts'
import { readingCommand, readState, type SourceFlags } from './source.ts'
import { paint, print, printJson, since } from './text.ts'

const codes: Record<Headline['level'], number> = { ...exitCodes, info: exitCodes.ok }
const colours = { ok: 'green', info: 'blue', warning: 'yellow', critical: 'red', unknown: 'magenta' } as const

export const statusCommand = (): Command =>
  readingCommand('status', 'one look: exit 0 ok, 1 warning, 2 critical, 3 unknown').action(
    async (flags: SourceFlags) => {
      const state = await readState(flags)
      const { headline, tracer, host } = state
      // Of a damaged record it is unknown, whatever it holds.
      process.exitCode ??= codes[headline.level]
      if (flags.json) return printJson(state)
      const ageOf = (from: string): string => `, since ${from} (${since(from, state.time)})`
      const age = headline.since ? ageOf(headline.since) : ''
      print(paint(colours[headline.level], headline.level.toUpperCase()), ` ${headline.text}${age}`)
      for (const step of headline.advice?.split('\n') ?? []) print(`  ${step}`)
      const told = state.findings.find(({ id }) => id === headline.finding)
      if (told?.lost) print(`  ${notSeen(told.lost)}`)
      for (const { id, severity, summary, advice, lost, openedAt } of state.findings) {
        if (id === headline.finding) continue
        print(`${severity}: ${summary}${lost ? ageOf(openedAt) : ''}`)
        if (!lost) continue
        print(`  ${advice}`)
        print(`  ${notSeen(lost)}`)
      }
      if (flags.db) print(`The record ends at ${state.time}; this is how it was then.`)
      const { total, patched, unpatched } = state.tasks
      print(
        `${host?.hostname ?? 'unknown host'}, Linux ${host?.kernel ?? 'unknown'}; tracer ${isPassive(tracer) ? `passive since ${tracer.since}` : tracer.status}; tasks: ${total ?? 'unknown'} (${patched} patched, ${unpatched} unpatched)`,
      )
    },
  )

const notSeen = (lost: readonly string[]): string => `not seen: ${lost.join('; ')}`
