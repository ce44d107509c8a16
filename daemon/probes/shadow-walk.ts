import type { ShadowDrift } from '../contract/shadow.ts'

/**
 * Allocations less frees of one id, by 2 * (pass % 2) of the walk of the hash, plus 1 for those in buckets that the
 * walk had passed.
 */
export type ShadowChanges = readonly [number, number, number, number]

export const noChanges: ShadowChanges = [0, 0, 0, 0]

const sumOf = (changes: ShadowChanges): number => changes.reduce((sum, change) => sum + change, 0)

/**
 * What makes live counts of counted changes. A walk of the hash gives the number of variables of each id: found, plus
 * what changed behind it. From then on changes are added, and the next walks check the sum.
 */
export type ShadowWalkMemory = {
  /** The last pass told, whatever came of it, and what was counted when its end was read. */
  last: { pass: number; changes: ReadonlyMap<string, ShadowChanges> }
  /** Null before the first pass that went well. */
  reference: Reference | null
  /** Differences that the last pass found, to be confirmed by the next. */
  suspected: ReadonlyMap<string, number>
  /** Passes in vain so far. */
  inVain: number
}

type Reference = {
  /** By id: live variables when the changes were so many. */
  live: ReadonlyMap<string, { live: number; changes: number }>
}

export const freshShadowWalk = (): ShadowWalkMemory => ({
  last: { pass: 0, changes: new Map() },
  reference: null,
  suspected: new Map(),
  inVain: 0,
})

/** The end of a pass as the kernel side tells it. */
export type WalkEnd = {
  pass: number
  /** Variables it found, by id; null: what was read is not all of it, or not from its end. */
  found: ReadonlyMap<string, number> | null
  /** Something changed in a bucket while it was read. */
  isVoid: boolean
  /** A bucket held more than can be read in one go. */
  tooLong: boolean
  /** Not every change is counted: nothing is checked by the walk, it alone knows. */
  isUncounted?: boolean
}

/**
 * `nothing`: told before, or in vain. `incomplete`: it can never be told how many there are.
 * `adopted`: from here on live counts are known.
 */
export type WalkVerdict =
  | { outcome: 'nothing' }
  | { outcome: 'incomplete' }
  | { outcome: 'adopted' | 'checked'; drift: ShadowDrift[] }

/** Live variables of an id; null before the first walk went well. */
export const liveOf = (
  { reference }: ShadowWalkMemory,
  id: string,
  changes: ShadowChanges = noChanges,
): number | null => {
  if (!reference) return null
  const then = reference.live.get(id) ?? { live: 0, changes: 0 }
  return then.live + sumOf(changes) - then.changes
}

/** Takes the end of a pass in; `changes`, of all ids, were read after it and before the next pass began. */
export const endWalk = (
  memory: ShadowWalkMemory,
  changes: ReadonlyMap<string, ShadowChanges>,
  end: WalkEnd,
): WalkVerdict => {
  const before = memory.last
  // What is told again was lost or late; pass 0 is the time before the first.
  if (end.pass <= before.pass) return { outcome: 'nothing' }
  memory.last = { pass: end.pass, changes: new Map(changes) }
  if (end.isVoid || !end.found || end.pass !== before.pass + 1) {
    memory.inVain += 1
    memory.suspected = new Map()
    return { outcome: 'nothing' }
  }
  if (end.tooLong) return { outcome: 'incomplete' }

  const { reference } = memory
  const behind = end.pass % 2 === 0 ? 1 : 3
  const sound = reference !== null && !end.isUncounted
  const drift: ShadowDrift[] = []
  const suspected = new Map<string, number>()
  const live = new Map<string, { live: number; changes: number }>()
  for (const [id, of] of changes) {
    const changedBehind = of[behind] - (before.changes.get(id) ?? noChanges)[behind]
    const found = (end.found.get(id) ?? 0) + changedBehind
    const counted = sound ? (liveOf(memory, id, of) ?? 0) : found
    const difference = found - counted
    const isConfirmed = difference !== 0 && memory.suspected.get(id) === difference
    if (isConfirmed) drift.push({ id, counted, found })
    else if (difference !== 0) suspected.set(id, difference)
    live.set(id, { live: isConfirmed ? found : counted, changes: sumOf(of) })
  }
  memory.reference = { live }
  memory.suspected = suspected
  return { outcome: reference === null ? 'adopted' : 'checked', drift }
}
