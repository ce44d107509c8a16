import type { EventDraft } from '../contract/event.ts'

/**
 * What the kernel log tells while the probes are attached is checked against what they told: their silence may be too
 * short for the canary to notice. `kernel.ftrace_enabled=0` for a moment, for instance, is enough for a load to be
 * refused unseen.
 */
export type LogCheckMemory = {
  /** Since when the probes are attached; null: they are not. */
  sinceNs: string | null
  /** When a probe was last proved to fire. */
  provedNs: string
  /** What probes told and the log has not yet, oldest first. */
  probes: Told[]
  /** What the log told and no probe has yet, oldest first. */
  doubts: Doubt[]
}

type Told = { story: string; monoNs: string }
type Doubt = Told & {
  readNs: string
  provedNs: string
  /** The same as events, as far as the log tells it. */
  events: EventDraft[]
}

export const freshLogCheck = (): LogCheckMemory => ({ sinceNs: null, provedNs: '0', probes: [], doubts: [] })

/** Their stories, in the words of the gap that one makes when no probe told it. */
export const stories = {
  refusal: (patch: string) => `the load of ${patch} was refused`,
  moduleRefusal: (object: string) => `the module ${object} was refused`,
  end: (patch: string) => `a transition of ${patch} ended`,
}

/** How far the two may be apart: by their clocks, and by when they are read. */
const patienceNs = 3_000_000_000n
const kept = 100

const isNear = (one: string, other: string): boolean => {
  const apart = BigInt(one) - BigInt(other)
  return -patienceNs < apart && apart < patienceNs
}

/** Removes the first that tells the same. */
const matched = (told: Told[], { story, monoNs }: Told): boolean => {
  const index = told.findIndex((each) => each.story === story && isNear(each.monoNs, monoNs))
  if (index >= 0) told.splice(index, 1)
  return index >= 0
}

export const checkLogFrom = (memory: LogCheckMemory, monoNs: string): void => {
  memory.sinceNs ??= monoNs
  memory.provedNs = monoNs
}

export const toldByProbe = (memory: LogCheckMemory, story: string, monoNs: string): void => {
  const told = { story, monoNs }
  if (matched(memory.doubts, told)) return
  memory.probes = [...memory.probes, told].slice(-kept)
}

/** @param monoNs when the line was written */
export const toldByLog = (
  memory: LogCheckMemory,
  story: string,
  monoNs: string,
  readNs: string,
  events: EventDraft[] = [],
): void => {
  if (memory.sinceNs === null || BigInt(monoNs) < BigInt(memory.sinceNs)) return
  if (matched(memory.probes, { story, monoNs })) return
  const provedNs = BigInt(memory.provedNs) < BigInt(monoNs) ? memory.provedNs : monoNs
  memory.doubts = [...memory.doubts, { story, monoNs, readNs, provedNs, events }].slice(-kept)
}

/** What the log told so long ago that no probe will: a gap, and what there is of it. */
export const unseenByProbes = (memory: LogCheckMemory, nowNs: string): EventDraft[] => {
  const unseen = memory.doubts.filter(({ readNs }) => BigInt(nowNs) - BigInt(readNs) > patienceNs)
  const [first] = unseen
  if (!first) return []
  memory.doubts = memory.doubts.filter((doubt) => !unseen.includes(doubt))
  const toMonoNs = unseen.at(-1)?.monoNs ?? first.monoNs
  return [
    {
      kind: 'tracer-gap',
      monoNs: toMonoNs,
      source: 'probes',
      fromMonoNs: first.provedNs,
      toMonoNs,
      reason: `the kernel log tells what no probe told: ${unseen.map(({ story }) => story).join(', ')}`,
    },
    ...unseen.flatMap(({ events }) => events),
  ]
}

/** The probes are known to be silent: what was in doubt is told, and the gap is told of by whoever knows. */
export const tellDoubts = (memory: LogCheckMemory): EventDraft[] => {
  const events = memory.doubts.flatMap((doubt) => doubt.events)
  Object.assign(memory, freshLogCheck())
  return events
}
