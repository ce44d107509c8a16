import type { Command } from 'commander'
import type { Transition } from '../contract/state.ts'
import { longestPhase, phaseDuration, phaseSpans } from '../words/phases.ts'
import { parseCount } from './number-argument.ts'
import { readHistory, readingCommand, type SourceFlags } from './source.ts'
import { duration, print, printJson, printTable } from './text.ts'

export const historyCommand = (): Command =>
  readingCommand('history', 'past transitions, newest first')
    .option('--limit <n>', 'how many', parseCount(10_000), 20)
    .action(async (flags: SourceFlags & { limit: number }) => {
      const { transitions, baseline } = await readHistory(flags, flags.limit)
      if (flags.json) return printJson({ transitions: transitions.map(withSpans), baseline })
      if (transitions.length === 0) return print('No transition has been recorded.')
      const head = ['ID', 'STARTED', 'PATCH', 'DIRECTION', 'OUTCOME', 'TOOK', 'MOSTLY', 'ASKED BY']
      const rows = transitions.map((transition) => [
        transition.id,
        transition.startKnown ? transition.startedAt : `before ${transition.startedAt}`,
        transition.patch,
        `${transition.direction}${transition.forced ? ', forced' : ''}${transition.reversals > 0 ? ', reversed' : ''}`,
        transition.outcome,
        `${transition.startKnown ? '' : 'over '}${duration(transition.durationMs)}`,
        mostly(transition),
        transition.requester ? `${transition.requester.comm} (${transition.requester.pid})` : 'unknown',
      ])
      printTable(head, rows)
      if (baseline) {
        const { transitions: count, medianMs, p95Ms, maxMs } = baseline
        print(
          `Usual here, by the last ${count} completed: median ${duration(medianMs)}, 95 % within ${duration(p95Ms)}, longest ${duration(maxMs)}.`,
        )
      }
    })

/** What took most of the time: before it was reversed, waiting for the first try, switching tasks, or finishing. */
const mostly = (transition: Transition): string => {
  const longest = longestPhase(phaseSpans(transition))
  return longest ? `${longest.phase} ${phaseDuration(longest)}` : 'unknown'
}

const withSpans = (transition: Transition) => ({ ...transition, phaseSpans: phaseSpans(transition) })
