import type { EventDraft, ShadowCount } from '../contract/event.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'

/** The numbers of bpf/shadow.bt's `what`. */
const what = { allocated: 1, found: 2, duplicate: 3, failed: 4, freed: 5, missed: 6, raced: 7 } as const

/** Turns the kernel's counters into one count per shadow id. `live` stays unknown until the walk is through. */
const countsOf = (context: DecodeContext): ShadowCount[] => {
  const counts = new Map<string, ShadowCount>()
  const of = (id: string): ShadowCount => {
    const known = counts.get(id)
    if (known) return known
    const fresh: ShadowCount = {
      id: hex(id),
      live: context.shadowWalk?.complete ? 0 : null,
      allocated: 0,
      freed: 0,
      found: 0,
      duplicates: 0,
      failures: 0,
      missed: 0,
      sizesBytes: [],
    }
    counts.set(id, fresh)
    return fresh
  }
  for (const [[pass, id], live] of keyed(context, '@shadow_live')) {
    if (context.shadowWalk?.complete && Number(pass) === context.shadowWalk.pass) of(id).live = live
  }
  for (const [[kind, id], count] of keyed(context, '@shadow_counts')) {
    const field = counterOf[Number(kind)]
    if (field) of(id)[field] += count
  }
  for (const [[id, bytes]] of keyed(context, '@shadow_size')) of(id).sizesBytes.push(Number(bytes))
  return [...counts.values()]
}

const keyed = (context: DecodeContext, map: string): [[string, string], number][] =>
  [...(context.maps.get(map) ?? [])].map(([key, value]) => {
    const [first = '0', second = '0'] = key.split(',')
    return [[first, second], value]
  })

const counterOf: Record<number, 'allocated' | 'freed' | 'found' | 'duplicates' | 'failures' | 'missed'> = {
  [what.allocated]: 'allocated',
  [what.found]: 'found',
  [what.raced]: 'found',
  [what.duplicate]: 'duplicates',
  [what.failed]: 'failures',
  [what.freed]: 'freed',
  [what.missed]: 'missed',
}

const hex = (decimal: string): string => `0x${BigInt.asUintN(64, BigInt(decimal)).toString(16)}`

/** Shadow variables. Source: kernel/livepatch/shadow.c. */
export const shadow: ProbeSet = {
  stem: 'shadow',
  purpose: 'shadow variables: exact live counts, allocations, frees, duplicates, races',
  records: {
    shadow: (tuple) => {
      const kind = tuple.int()
      const monoNs = tuple.monoNs()
      const obj = tuple.address()
      const id = tuple.address()
      const sizeBytes = tuple.int()
      const common = { monoNs, obj, id, tid: tuple.int(), pid: tuple.int(), comm: tuple.string() }
      switch (kind) {
        case what.allocated:
          return [{ kind: 'shadow-allocated', ...common, sizeBytes }]
        case what.found:
          return [{ kind: 'shadow-found', ...common }]
        case what.raced:
          return [{ kind: 'shadow-found', ...common, raced: true }]
        case what.duplicate:
          return [{ kind: 'shadow-duplicate', ...common }]
        case what.failed:
          return [{ kind: 'shadow-alloc-failed', ...common, sizeBytes }]
        case what.freed:
          return [{ kind: 'shadow-freed', ...common }]
        case what.missed:
          return [{ kind: 'shadow-free-missed', ...common }]
        default:
          throw new Error(`unknown shadow record ${kind}`)
      }
    },

    'shadow.free_all': (tuple) => {
      const monoNs = tuple.monoNs()
      const id = tuple.address()
      const count = tuple.int()
      return [
        {
          kind: 'shadow-freed-all',
          monoNs,
          id,
          count,
          tid: tuple.int(),
          pid: tuple.int(),
          comm: tuple.string(),
        },
      ]
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
      const pass = tuple.int()
      tuple.int()
      const restarts = tuple.int()
      const tooLong = tuple.bool()
      context.shadowWalk = { pass, complete: !tooLong }
      const adopted: EventDraft = { kind: 'shadow-adopted', monoNs, restarts, complete: !tooLong }
      return [adopted]
    },
  },
  maps: ['@shadow_live', '@shadow_counts', '@shadow_size', '@shadow_not_streamed'],
}
