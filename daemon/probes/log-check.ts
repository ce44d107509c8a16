import type { EventDraft } from '../contract/event.ts'

/**
 * What the kernel log tells while the probes are attached is checked against what they told: their silence may be too
 * short for the canary to notice. `kernel.ftrace_enabled=0` for a moment is enough for a load to be refused unseen; and
 * the kernel runs no BPF program of a probe while another task of its CPU was interrupted in a system call on a BPF map
 * (bpf_disable_instrumentation), and before Linux 6.7 counts none that it left out.
 */
export type LogCheckMemory = {
  /** Since when the probes are attached; null: they are not. */
  sinceNs: string | null
  /** When a probe was last proved to fire. */
  provedNs: string
  /** What probes told and no line of the log has been found for, oldest first. */
  probes: Told[]
  /** What the log told, oldest first, until it is compared with what probes told. */
  doubts: Doubt[]
}

type Told = { story: string; monoNs: string }
type Doubt = Told & {
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

/** The log is read a little later than it is written, and written before the function that a probe waits for returns. */
export const lagNs = 1_000_000_000n
/** Their clocks are told apart by when the log was read; the first line after a long time may have waited. */
const apartNs = 5_000_000_000n
const kept = 100

export const checkLogFrom = (memory: LogCheckMemory, monoNs: string): void => {
  memory.sinceNs ??= monoNs
  memory.provedNs = monoNs
}

export const toldByProbe = (memory: LogCheckMemory, story: string, monoNs: string): void => {
  memory.probes = [...memory.probes, { story, monoNs }].slice(-kept)
}

/** @param monoNs when the line was written */
export const toldByLog = (
  memory: LogCheckMemory,
  story: string,
  monoNs: string,
  events: EventDraft[] = [],
): void => {
  if (memory.sinceNs === null || BigInt(monoNs) < BigInt(memory.sinceNs)) return
  const provedNs = BigInt(memory.provedNs) < BigInt(monoNs) ? memory.provedNs : monoNs
  memory.doubts = [...memory.doubts, { story, monoNs, provedNs, events }].slice(-kept)
}

/**
 * All that probes had to tell until a moment has come: one buffer keeps the order.
 * @param storyNs at the earliest
 * @returns when the log told a story that they should have told until then, and did not
 */
export const untoldUntil = (
  memory: LogCheckMemory,
  untilNs: string,
  story: string,
  storyNs: string,
): string | undefined => {
  const seen = pairs(memory)
  return memory.doubts.find(
    (doubt) =>
      doubt.story === story &&
      BigInt(doubt.monoNs) > BigInt(storyNs) &&
      BigInt(untilNs) > BigInt(doubt.monoNs) &&
      !seen.has(doubt),
  )?.monoNs
}

/** At a canary: what the log alone told until then is a gap, and is told as far as the log tells it. */
export const checkLog = (memory: LogCheckMemory, canaryNs: string): EventDraft[] => {
  memory.provedNs = canaryNs
  const due = memory.doubts.filter(({ monoNs }) => BigInt(canaryNs) - BigInt(monoNs) > lagNs)
  if (due.length === 0) return []
  const seen = pairs(memory)
  const unseen = due.filter((doubt) => !seen.has(doubt))
  memory.probes = memory.probes.filter((told) => !due.some((doubt) => seen.get(doubt) === told))
  memory.doubts = memory.doubts.filter((doubt) => !due.includes(doubt))
  const [first] = unseen
  if (!first) return []
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

/** The probes are known to be silent: what the log alone told is told, and the gap by whoever knows of it. */
export const tellDoubts = (memory: LogCheckMemory): EventDraft[] => {
  const seen = pairs(memory)
  const events = memory.doubts.flatMap((doubt) => (seen.has(doubt) ? [] : doubt.events))
  Object.assign(memory, freshLogCheck())
  return events
}

/** Who told the same at the same time, the nearest first: a patch may be refused once and loaded in the next moment. */
const pairs = ({ doubts, probes }: LogCheckMemory): Map<Doubt, Told> => {
  const near = doubts
    .flatMap((doubt) =>
      probes
        .filter(({ story }) => story === doubt.story)
        .map((told) => ({ doubt, told, distanceNs: distance(doubt.monoNs, told.monoNs) })),
    )
    .filter(({ distanceNs }) => distanceNs < apartNs)
    .sort((one, other) => Number(one.distanceNs - other.distanceNs))
  const paired = new Map<Doubt, Told>()
  const taken = new Set<Told>()
  for (const { doubt, told } of near) {
    if (paired.has(doubt) || taken.has(told)) continue
    paired.set(doubt, told)
    taken.add(told)
  }
  return paired
}

const distance = (one: string, other: string): bigint => {
  const apart = BigInt(one) - BigInt(other)
  return apart < 0n ? -apart : apart
}
