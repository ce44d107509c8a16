import type { EventDraft } from '../contract/event.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import type { ShadowCount } from '../contract/shadow.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'
import { allocatorsOf, attributeAllocations, calledFrom, meetCaller, usersOf } from './shadow-callers.ts'
import { hexOf, readShadowCells, type ShadowCells } from './shadow-cells.ts'
import { readPass } from './shadow-cells-pass.ts'
import { shadowEvent, shadowWhat } from './shadow-event.ts'
import { endWalk, liveOf } from './shadow-walk.ts'

/** Turns the kernel's counters into one count per shadow id. */
const countsOf = (context: DecodeContext): ShadowCount[] => {
  const sizes = readSizes(context.maps.get('@shadow_size'))
  return [...readShadowCells(context.maps.get('@shadow_counts'))].map(([id, cells]) => {
    attributeAllocations(context.shadowCallers, id, cells.allocatedBy)
    return countOf(context, id, cells, sizes.get(id) ?? [])
  })
}

const countOf = (
  context: DecodeContext,
  id: string,
  cells: ShadowCells,
  sizesBytes: number[],
): ShadowCount => {
  const count = (what: number) => cells.counts.get(what) ?? 0
  const allocators = allocatorsOf(context.shadowCallers, id)
  const users = usersOf(context.shadowCallers, id)
  return {
    id,
    live: liveOf(context.shadowWalk, id, cells.changes),
    allocated: count(shadowWhat.allocated),
    freed: count(shadowWhat.freed),
    found: count(shadowWhat.found) + count(shadowWhat.raced),
    duplicates: count(shadowWhat.duplicate),
    failures: count(shadowWhat.failed),
    missed: count(shadowWhat.missed),
    sizesBytes,
    ...(allocators.length > 0 ? { allocators } : {}),
    ...(users.length > 0 ? { users } : {}),
  }
}

const readSizes = (printed: ReadonlyMap<string, number> | undefined): Map<string, number[]> => {
  const sizes = new Map<string, number[]>()
  for (const key of printed?.keys() ?? []) {
    const [id = '0', bytes] = key.split(',')
    sizes.set(hexOf(id), [...(sizes.get(hexOf(id)) ?? []), Number(bytes)])
  }
  return sizes
}

/** Shadow variables. Source: kernel/livepatch/shadow.c. */
export const shadow: ProbeSet = {
  stem: 'shadow',
  purpose: probePurposes.shadow,
  records: {
    shadow: (tuple, context) => {
      const kind = tuple.int()
      const monoNs = tuple.monoNs()
      const obj = tuple.address()
      const id = tuple.address()
      const sizeBytes = tuple.int()
      const task = { tid: tuple.int(), pid: tuple.int(), comm: tuple.string() }
      const call = { monoNs, obj, id, ...task, ...calledFrom(context.shadowCallers, tuple.address()) }
      return [shadowEvent(kind, call, sizeBytes)]
    },

    'shadow.free_all': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const id = tuple.address()
      const count = tuple.int()
      const task = { tid: tuple.int(), pid: tuple.int(), comm: tuple.string() }
      return [
        {
          kind: 'shadow-freed-all',
          monoNs,
          id,
          count,
          ...task,
          ...calledFrom(context.shadowCallers, tuple.address()),
        },
      ]
    },

    'shadow.user': (tuple, context) => {
      tuple.monoNs()
      meetCaller(context.shadowCallers, tuple.address(), tuple.address())
      return []
    },

    'shadow.tick': (tuple, context) => [
      {
        kind: 'shadow-counts',
        monoNs: tuple.monoNs(),
        counts: countsOf(context),
        notStreamed: context.maps.get('@shadow_not_streamed')?.get('') ?? 0,
      },
    ],

    'shadow.walk': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const number = tuple.int()
      const found = tuple.int()
      const isVoid = tuple.bool()
      const latePass = tuple.int()
      const tooLong = tuple.bool()
      const memory = context.shadowWalk
      const cells = readShadowCells(context.maps.get('@shadow_counts'))
      const before = memory.last.pass === 0 ? new Map<string, ShadowCells>() : context.shadowCells
      const pass = readPass(before, cells, number % 2 === 0 ? 0 : 1)
      const sum = [...pass.found.values()].reduce((all, count) => all + count, 0)
      const changes = new Map([...cells].map(([id, of]) => [id, of.changes]))
      if (number > memory.last.pass) context.shadowCells = cells
      const verdict = endWalk(memory, changes, {
        pass: number,
        found: sum === found ? pass.found : null,
        isVoid,
        latePass,
        tooLong,
      })
      const adopted = (complete: boolean): EventDraft => ({
        kind: 'shadow-adopted',
        monoNs,
        restarts: memory.inVain,
        complete,
      })
      switch (verdict.outcome) {
        case 'nothing':
          return []
        case 'incomplete':
          return memory.reference === null ? [adopted(false)] : []
        case 'adopted':
        case 'checked': {
          const { drift } = verdict
          const checked: EventDraft = { kind: 'shadow-checked', monoNs, found, drift, ages: pass.ages }
          if (verdict.outcome === 'adopted') return [adopted(true), checked]
          // Nothing to check is not worth telling each time.
          return cells.size > 0 ? [checked] : []
        }
      }
    },
  },
  maps: ['@shadow_counts', '@shadow_size', '@shadow_not_streamed'],
}
