import type { ShadowAges, ShadowDrift } from '../contract/shadow.ts'
import { shadowAgeBoundsS } from '../contract/shadow-age-bounds.ts'
import { changesOf, noCells, type ShadowCells } from './shadow-cells.ts'

/**
 * What makes live counts of counted changes. A walk of the hash (bpf/shadow.bt) gives the number of variables of each
 * id: found, plus what changed behind it. From then on changes are added, and the next walks check the sum.
 */
export type ShadowWalkMemory = {
  /** The last pass told, whatever came of it, and what was counted when its end was read. */
  last: { pass: number; cells: ReadonlyMap<string, ShadowCells> }
  /** Null before the first pass that went well. */
  reference: Reference | null
  /** Differences that the last pass found, to be confirmed by the next. */
  suspected: ReadonlyMap<string, number>
  /** Passes in vain so far. */
  inVain: number
}

type Reference = {
  pass: number
  /** Another pass came to the same: its own pass may turn out to have been in vain. */
  confirmed: boolean
  /** By id: live variables when the changes were so many. */
  live: ReadonlyMap<string, { live: number; changes: number }>
}

export const freshShadowWalk = (): ShadowWalkMemory => ({
  last: { pass: 0, cells: new Map() },
  reference: null,
  suspected: new Map(),
  inVain: 0,
})

/** The end of a pass as the kernel side tells it. */
export type WalkEnd = {
  pass: number
  /** Variables it found, over all ids: the counts that were read have to say the same. */
  found: number
  /** Something changed in a bucket while it was read. */
  isVoid: boolean
  /** The newest pass of which that turned out after it was told; 0: none. */
  latePass: number
  /** A bucket held more than can be read in one go. */
  tooLong: boolean
}

/**
 * `nothing`: told before, or in vain. `incomplete`: it can never be told how many there are.
 * `adopted`: from here on live counts are known.
 */
export type WalkVerdict =
  | { outcome: 'nothing' }
  | { outcome: 'incomplete' }
  | { outcome: 'adopted' | 'checked'; drift: ShadowDrift[]; ages: ShadowAges[] }

/** Live variables of an id; null before the first walk went well. */
export const liveOf = (
  { reference }: ShadowWalkMemory,
  id: string,
  cells: ShadowCells = noCells,
): number | null => {
  if (!reference) return null
  const then = reference.live.get(id) ?? { live: 0, changes: 0 }
  return then.live + changesOf(cells) - then.changes
}

/** Takes the end of a pass in; `cells` were read after it and before the next pass began. */
export const endWalk = (
  memory: ShadowWalkMemory,
  cells: ReadonlyMap<string, ShadowCells>,
  end: WalkEnd,
): WalkVerdict => {
  const before = memory.last
  // What is told again was lost or late; pass 0 is the time before the first.
  if (end.pass <= before.pass) return { outcome: 'nothing' }
  memory.last = { pass: end.pass, cells }
  const pass = readPass(before.cells, cells, end.pass % 2 === 0 ? 0 : 1)
  const readable = end.pass === before.pass + 1 && pass.found === end.found
  if (end.latePass >= before.pass) memory.suspected = new Map()
  if (end.isVoid || !readable) {
    memory.inVain += 1
    memory.suspected = new Map()
    return { outcome: 'nothing' }
  }
  if (end.tooLong) return { outcome: 'incomplete' }

  const { reference } = memory
  const sound = reference !== null && (reference.confirmed || end.latePass < reference.pass)
  const drift: ShadowDrift[] = []
  const suspected = new Map<string, number>()
  const live = new Map<string, { live: number; changes: number }>()
  for (const [id, of] of cells) {
    const found = pass.live.get(id) ?? 0
    const counted = sound ? (liveOf(memory, id, of) ?? 0) : found
    const difference = found - counted
    const isConfirmed = difference !== 0 && memory.suspected.get(id) === difference
    if (isConfirmed) drift.push({ id, counted, found })
    else if (difference !== 0) suspected.set(id, difference)
    live.set(id, { live: isConfirmed ? found : counted, changes: changesOf(of) })
  }
  memory.reference = { pass: end.pass, confirmed: sound, live }
  memory.suspected = suspected
  return { outcome: reference === null ? 'adopted' : 'checked', drift, ages: pass.ages }
}

/** What one pass saw: counts are cumulative per parity of the pass, so the last pass's have to be taken off. */
const readPass = (
  before: ReadonlyMap<string, ShadowCells>,
  now: ReadonlyMap<string, ShadowCells>,
  parity: 0 | 1,
): { found: number; live: Map<string, number>; ages: ShadowAges[] } => {
  const behind = parity === 0 ? 1 : 3
  const live = new Map<string, number>()
  const ages: ShadowAges[] = []
  let total = 0
  for (const [id, cells] of now) {
    const old = before.get(id) ?? noCells
    const found = new Map(
      [...cells.found[parity]].map(([age, count]) => [age, count - (old.found[parity].get(age) ?? 0)]),
    )
    const sum = [...found.values()].reduce((all, count) => all + count, 0)
    total += sum
    live.set(id, sum + cells.changes[behind] - old.changes[behind])
    if (sum > 0) ages.push(agesOf(id, found))
  }
  return { found: total, live, ages }
}

/** bpf/shadow.bt's `which` of what the walk found. */
const perhapsOlder = 8

const agesOf = (id: string, found: ReadonlyMap<number, number>): ShadowAges => {
  const from = (first: number) => shadowAgeBoundsS.map((_, bound) => found.get(first + bound) ?? 0)
  const known = from(0)
  const atLeast = from(perhapsOlder)
  const all = [...found.values()].reduce((sum, count) => sum + count, 0)
  const told = [...known, ...atLeast].reduce((sum, count) => sum + count, 0)
  return { id, known, atLeast, unknown: all - told }
}
