import type { Straggler, TransitionReport } from '../contract/report.ts'
import { millisecondsBetween, parseTime } from '../core/time.ts'
import { formatCount, formatDuration } from '../words/format.ts'
import { findCulprit } from './find-culprit.ts'
import { endWords, offset, taskName } from './report-words.ts'

/** So many are told in full. */
const toldInFull = 10
/** So many lines the others get at most, however many they are. */
const groupsAtMost = 20
const namesAtMost = 3

export type StragglerGroup = {
  count: number
  why: string
  howItEnded: string
  /** The shortest and the longest, in ms. */
  durationMs: [number, number]
  /** The first and the last end, in ms since the transition began; null: the end of none was seen. */
  untilMs: [number, number] | null
  /** The first few of them. */
  names: string[]
}

/**
 * Who is told in full: those longest in the way, the one that held it up among them; and the others, those of one
 * reason and one end together, and where that makes few enough groups, only those that ended within the same second.
 */
export const groupStragglers = ({
  stragglers,
  transition,
}: Pick<TransitionReport, 'stragglers' | 'transition'>): { named: Straggler[]; groups: StragglerGroup[] } => {
  const startNs = parseTime(transition.startedAt)
  const culprit = findCulprit(stragglers, transition)
  const longest = stragglers.slice(0, toldInFull)
  const named =
    culprit && !longest.includes(culprit) ? [...longest.slice(0, toldInFull - 1), culprit] : longest
  const isNamed = new Set(named)
  const others = stragglers.filter((task) => !isNamed.has(task))
  const sinceStart = (task: Straggler): number | null =>
    task.until === null ? null : millisecondsBetween(String(startNs), String(parseTime(task.until)))
  const reasonAndEnd = (task: Straggler) => `${whyShort(task)}\n${endWords(task)}`
  const second = (task: Straggler) => Math.floor((sinceStart(task) ?? -1) / 1000)
  const fine = gather(others, (task) => `${reasonAndEnd(task)}\n${second(task)}`)
  const coarse = fine.length <= groupsAtMost ? fine : gather(others, reasonAndEnd)
  const kept = coarse.slice(0, groupsAtMost - 1)
  const rest = coarse.slice(groupsAtMost - 1)
  const last = rest.length > 1 ? [rest.flat()] : rest
  return { named, groups: [...kept, ...last].map((tasks) => describe(tasks, sinceStart)) }
}

/** The largest groups first. */
const gather = (tasks: readonly Straggler[], keyOf: (task: Straggler) => string): Straggler[][] => {
  const groups = new Map<string, Straggler[]>()
  for (const task of tasks) {
    const key = keyOf(task)
    const group = groups.get(key)
    if (group) group.push(task)
    else groups.set(key, [task])
  }
  return [...groups.values()].sort((a, b) => b.length - a.length)
}

const describe = (
  tasks: readonly Straggler[],
  sinceStart: (task: Straggler) => number | null,
): StragglerGroup => {
  const one = (of: (task: Straggler) => string, several: string) => {
    const [first = '', second] = new Set(tasks.map(of))
    return second === undefined ? first : several
  }
  const ends = tasks.map(sinceStart).filter((ms) => ms !== null)
  return {
    count: tasks.length,
    why: one(whyShort, 'various reasons'),
    howItEnded: one(endWords, 'in various ways'),
    durationMs: range(tasks.map((task) => task.durationMs)) ?? [0, 0],
    untilMs: range(ends),
    names: tasks.slice(0, namesAtMost).map(taskName),
  }
}

/** Not by spreading: there may be more of them than a call takes arguments. */
const range = (values: readonly number[]): [number, number] | null =>
  values.reduce<[number, number] | null>(
    (known, value) => (known ? [Math.min(known[0], value), Math.max(known[1], value)] : [value, value]),
    null,
  )

const whyShort = ({ reasons }: Straggler): string => {
  const last = reasons.at(-1)
  switch (last?.reason) {
    case 'sleeping-on-function':
      return `sleeping in ${last.function ?? 'a function being changed'}`
    case 'running':
      return 'running on a CPU when tried'
    case 'unreliable-stack':
      return `stack not reliable${last.blame ? ` because of ${last.blame}` : ''}`
    default:
      return 'reason not seen'
  }
}

/** The heads of the groups' table. */
export const groupColumns = ['Others', 'Why', 'How it ended', 'In the way for', 'Until', 'Among them']

/** One group as the cells of a row. */
export const groupCells = (group: StragglerGroup): string[] => {
  const [shortest, longest] = group.durationMs.map(formatDuration)
  const [first, last] = group.untilMs?.map(offset) ?? ['not seen', 'not seen']
  const more = group.count > group.names.length ? ', …' : ''
  return [
    formatCount(group.count),
    group.why,
    group.howItEnded,
    shortest === longest ? `${longest}` : `${shortest} to ${longest}`,
    first === last ? `${last}` : `${first} to ${last}`,
    `${group.names.join(', ')}${more}`,
  ]
}
