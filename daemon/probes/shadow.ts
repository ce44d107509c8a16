import type { EventDraft } from '../contract/event.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import type { ShadowCount } from '../contract/shadow.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'
import { allocatorsOf, attributeAllocations, meetCaller, usersOf } from './shadow-callers.ts'
import { hexOf, readShadowCells, type ShadowCells, shadowWhat } from './shadow-cells.ts'
import { endWalk, liveOf } from './shadow-walk.ts'

/** Turns the kernel's counters into one count per shadow id. */
const countsOf = (context: DecodeContext): ShadowCount[] => {
  const sizes = readSizes(context.maps.get('@shadow_size'))
  return [...readShadowCells(context.maps.get('@shadow_counts'))].map(([id, cells]) => {
    attributeAllocations(context.shadowCallers, id, cells)
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
    live: liveOf(context.shadowWalk, id, cells),
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

/** Of a single call: its function and, when that is one, the livepatch it belongs to. */
const calledFrom = (context: DecodeContext, address: string): { patch?: string; function?: string } => {
  const caller = context.shadowCallers.names.get(address)
  return {
    ...(caller?.livepatch && caller.module !== null ? { patch: caller.module } : {}),
    ...(caller?.function ? { function: caller.function } : {}),
  }
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
      const common = { monoNs, obj, id, ...task, ...calledFrom(context, tuple.address()) }
      switch (kind) {
        case shadowWhat.allocated:
          return [{ kind: 'shadow-allocated', ...common, sizeBytes }]
        case shadowWhat.found:
          return [{ kind: 'shadow-found', ...common }]
        case shadowWhat.raced:
          return [{ kind: 'shadow-found', ...common, raced: true }]
        case shadowWhat.duplicate:
          return [{ kind: 'shadow-duplicate', ...common }]
        case shadowWhat.failed:
          return [{ kind: 'shadow-alloc-failed', ...common, sizeBytes }]
        case shadowWhat.freed:
          return [{ kind: 'shadow-freed', ...common }]
        case shadowWhat.missed:
          return [{ kind: 'shadow-free-missed', ...common }]
        default:
          throw new Error(`unknown shadow record ${kind}`)
      }
    },

    'shadow.free_all': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const id = tuple.address()
      const count = tuple.int()
      const task = { tid: tuple.int(), pid: tuple.int(), comm: tuple.string() }
      return [
        { kind: 'shadow-freed-all', monoNs, id, count, ...task, ...calledFrom(context, tuple.address()) },
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
      const end = {
        pass: tuple.int(),
        found: tuple.int(),
        isVoid: tuple.bool(),
        latePass: tuple.int(),
        tooLong: tuple.bool(),
      }
      const memory = context.shadowWalk
      const cells = readShadowCells(context.maps.get('@shadow_counts'))
      const verdict = endWalk(memory, cells, end)
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
          const { drift, ages } = verdict
          const checked: EventDraft = { kind: 'shadow-checked', monoNs, found: end.found, drift, ages }
          if (verdict.outcome === 'adopted') return [adopted(true), checked]
          // Nothing to check is not worth telling each time.
          return cells.size > 0 ? [checked] : []
        }
      }
    },
  },
  maps: ['@shadow_counts', '@shadow_size', '@shadow_not_streamed'],
}
