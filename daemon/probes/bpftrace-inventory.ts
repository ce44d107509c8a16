import { objectFact } from '../raw/enums.ts'
import type { RecordOf } from '../raw/records.ts'
import type { InventoryRecord } from './inventory-reader.ts'
import type { Tuple } from './tuple.ts'

/** What turning bpftrace's tuples into the tracer's records takes. */
export type BpftraceMemory = {
  /** Walks of the inventory begun so far: it is their number. */
  walk: number
  /** The object whose callbacks the next tuple tells. */
  object: { object: string; facts: number } | null
}

export const freshBpftrace = (): BpftraceMemory => ({ walk: 0, object: null })

const wide = (tuple: Tuple): bigint => BigInt(tuple.address())
const head = ({ walk }: BpftraceMemory) => ({ cpu: 0, monoNs: 0n, walk })

type Adapter = (tuple: Tuple, memory: BpftraceMemory) => InventoryRecord[]

/** Tuples of bpf/inventory.bt as the tracer's records. */
export const inventoryTuples: Readonly<Record<string, Adapter>> = {
  'inventory.begin': (_, memory) => {
    memory.walk++
    memory.object = null
    return []
  },

  'inventory.patch': (tuple, memory) => [
    {
      record: 'inventory-patch',
      ...head(memory),
      patch: tuple.string(),
      enabled: tuple.bool(),
      replace: tuple.bool(),
      forced: tuple.bool(),
    },
  ],

  'inventory.state': (tuple, memory) => [
    { record: 'inventory-state', ...head(memory), id: wide(tuple), version: tuple.int() },
  ],

  // Its callbacks follow.
  'inventory.object': (tuple, memory) => {
    const object = tuple.string()
    const facts = [
      objectFact.PATCHED,
      objectFact.LOADED,
      objectFact.DYNAMIC,
      objectFact.POST_UNPATCH_ENABLED,
    ].reduce<number>((sum, fact) => sum | (tuple.bool() ? fact : 0), 0)
    memory.object = { object, facts }
    return []
  },

  'inventory.callbacks': (tuple, memory) => {
    const { object } = memory
    if (!object) throw new Error('callbacks of no object')
    memory.object = null
    return [
      {
        record: 'inventory-object',
        ...head(memory),
        ...object,
        prePatch: wide(tuple),
        postPatch: wide(tuple),
        preUnpatch: wide(tuple),
        postUnpatch: wide(tuple),
      },
    ]
  },

  'inventory.func': (tuple, memory): RecordOf<'inventory-func'>[] => [
    {
      record: 'inventory-func',
      ...head(memory),
      function: tuple.string(),
      oldSympos: BigInt(tuple.int()),
      oldFunc: wide(tuple),
      newFunc: wide(tuple),
      oldSize: 0n,
      newSize: 0n,
      nop: tuple.bool(),
      patched: tuple.bool(),
      transition: tuple.bool(),
      stackNode: wide(tuple),
      stackNext: wide(tuple),
      stackPrev: wide(tuple),
    },
  ],

  'inventory.end': (tuple, memory) => {
    const monoNs = BigInt(tuple.monoNs())
    tuple.int()
    const entries = tuple.int() + tuple.int() + tuple.int() + tuple.int()
    return [{ record: 'inventory-end', ...head(memory), monoNs, entries, complete: tuple.bool() }]
  },
}
