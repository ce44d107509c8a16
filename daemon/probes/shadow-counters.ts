import type { ShadowAges, ShadowCount } from '../contract/shadow.ts'
import { allocatorsOf, attributeAllocations, type ShadowCallersMemory, usersOf } from './shadow-callers.ts'
import {
  freshShadowWalk,
  liveOf,
  noChanges,
  type ShadowChanges,
  type ShadowWalkMemory,
} from './shadow-walk.ts'

/** What has been counted of one id since the probes were attached. */
export type ShadowTotals = {
  counts: Omit<ShadowCount, 'id' | 'live' | 'sizesBytes' | 'allocators' | 'users'>
  changes: ShadowChanges
  /** Allocations by the address they return to. */
  allocatedBy: Map<string, number>
  sizesBytes: Set<number>
}

/** The counts of shadow variables as the tracer tells them: each replaces the one before. */
export type ShadowCountersMemory = {
  ids: Map<string, ShadowTotals>
  /** Records of an id's counts since all had been told. */
  counted: number
  /** When all had been told last: after which pass, and whether every id's counts were among what came. */
  told: { pass: number; whole: boolean; notStreamed: number }
  /** What a pass has found, by id; its end is still to come. */
  finds: { pass: number; ids: Map<string, ShadowFind> }
  walk: ShadowWalkMemory
  /** The counts of the last event, as JSON. */
  event: string
}

export type ShadowFind = { found: number; ages: ShadowAges }

export const freshShadowCounters = (): ShadowCountersMemory => ({
  ids: new Map(),
  counted: 0,
  told: { pass: 0, whole: false, notStreamed: 0 },
  finds: { pass: 0, ids: new Map() },
  walk: freshShadowWalk(),
  event: '',
})

/** Of an id that is met for the first time, nothing has been counted. */
export const totalsOf = (memory: ShadowCountersMemory, id: string): ShadowTotals => {
  const known = memory.ids.get(id)
  if (known) return known
  const totals: ShadowTotals = {
    counts: { allocated: 0, freed: 0, found: 0, duplicates: 0, failures: 0, missed: 0 },
    changes: noChanges,
    allocatedBy: new Map(),
    sizesBytes: new Set(),
  }
  memory.ids.set(id, totals)
  return totals
}

/** One count per id. Puts what was allocated since the last time down to those who did. */
export const countsOf = (memory: ShadowCountersMemory, callers: ShadowCallersMemory): ShadowCount[] =>
  [...memory.ids].map(([id, { counts, changes, allocatedBy, sizesBytes }]) => {
    attributeAllocations(callers, id, allocatedBy)
    const allocators = allocatorsOf(callers, id)
    const users = usersOf(callers, id)
    return {
      id,
      live: liveOf(memory.walk, id, changes),
      ...counts,
      sizesBytes: [...sizesBytes],
      ...(allocators.length > 0 ? { allocators } : {}),
      ...(users.length > 0 ? { users } : {}),
    }
  })

export const changesOf = ({ ids }: ShadowCountersMemory): ReadonlyMap<string, ShadowChanges> =>
  new Map([...ids].map(([id, { changes }]) => [id, changes]))

/** What a pass found, when that and the counts at its end were read to the last record; otherwise null. */
export const findsOf = (
  { told, finds }: ShadowCountersMemory,
  pass: number,
  found: number,
): ReadonlyMap<string, ShadowFind> | null => {
  const ids: ReadonlyMap<string, ShadowFind> = finds.pass === pass ? finds.ids : new Map()
  const sum = [...ids.values()].reduce((all, find) => all + find.found, 0)
  return told.whole && told.pass === pass && sum === found ? ids : null
}

/** The same tracer counts anew: its walks go on, and the next is the first. */
export const restartShadowCounters = (context: { shadowCounters: ShadowCountersMemory }): void => {
  const { pass } = context.shadowCounters.walk.last
  forgetShadowCounters(context)
  context.shadowCounters.walk.last = { pass, changes: new Map() }
}

/** The counts die with their tracer, and the walks of the hash begin again. */
export const forgetShadowCounters = (context: { shadowCounters: ShadowCountersMemory }): void => {
  context.shadowCounters = freshShadowCounters()
}
