import type { TransitionReport } from '../contract/report.ts'
import { formatCount } from '../words/format.ts'
import { offset } from './report-words.ts'

const columns = 60
const bars = '▁▂▃▄▅▆▇█'

/** Remaining tasks over time as a line of blocks, on a logarithmic scale; a blank was not observed. */
export const sparkline = ({ remaining, transition, asOf }: TransitionReport): string => {
  const { times, values } = remaining
  const known = values.filter((value) => value !== null)
  // That none remain at the end is no look.
  if (known.every((value) => value === 0)) return 'No look at the tasks was recorded.'
  const startMs = Date.parse(transition.startedAt)
  const endMs = Math.max(startMs + 1, Date.parse(transition.endedAt ?? asOf))
  const top = Math.max(1, ...known)
  const line = Array.from({ length: columns }, (_, column) => {
    const ms = startMs + ((column + 0.5) / columns) * (endMs - startMs)
    const value = values[times.filter((time) => time <= ms).length - 1]
    if (value === undefined || value === null) return ' '
    return bars[Math.round((Math.log10(1 + value) / Math.log10(1 + top)) * (bars.length - 1))]
  }).join('')
  return `\`\`\`text\n${line}\n\`\`\`\n\nTasks not in the target state, from the start to ${offset(endMs - startMs)}, logarithmic: at most ${formatCount(top)}, last ${formatCount(known.at(-1) ?? 0)}. A blank was not observed.`
}
