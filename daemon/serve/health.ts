import { causesOf } from '../core/causes.ts'
import type { CoreState } from '../core/core-state.ts'

export type Problem = { problem: string; remedy: string }

/** What keeps the daemon from doing its work: to see what happens, and to keep it. */
export const problemsOf = ({ tracer, record }: CoreState): Problem[] => {
  const problems: Problem[] = []
  if (tracer.status === 'stopped')
    problems.push({ problem: 'nothing is observed: the tracer is stopped', remedy: 'Start the daemon.' })
  if (tracer.status === 'blind') {
    for (const { text, remedy } of causesOf(tracer)) problems.push({ problem: text, remedy })
  }
  if (record.status === 'failing') {
    problems.push({
      problem: `the record is not being written: ${record.reason}`,
      remedy: record.remedy ?? 'See the daemon’s log.',
    })
  }
  return problems
}
