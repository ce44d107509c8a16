import type { Callback } from '../contract/callback.ts'
import type { InventoriedFunction, InventoriedObject, InventoriedPatch } from '../contract/inventory.ts'
import { objectFact } from '../raw/enums.ts'
import type { RecordOf, TracerRecord } from '../raw/records.ts'
import { type SearchedFunctions, searchedFunctions } from './searched-functions.ts'
import { addressOf } from './task-id.ts'

/** A walk that saw everything; symbols are still addresses. `searched`: by patch. */
export type Inventory = {
  monoNs: string
  patches: InventoriedPatch[]
  searched: ReadonlyMap<string, SearchedFunctions>
}

export type InventoryRecord = Extract<TracerRecord, { record: `inventory-${string}` }>

export const isInventoryRecord = (record: TracerRecord): record is InventoryRecord =>
  record.record.startsWith('inventory-')

type FuncRecord = RecordOf<'inventory-func'>

/** Gathers the records of bpf/inventory.bpf.c; yields an inventory when a walk has ended undisturbed. */
export class InventoryReader {
  #walk: number | null = null
  #entries = 0
  #patches: InventoriedPatch[] = []
  #object: InventoriedObject | undefined
  #records = new Map<InventoriedFunction, FuncRecord>()

  /** @throws Error when the records of a walk that claims to be complete are not all there */
  read(record: InventoryRecord): Inventory | null {
    if (record.walk !== this.#walk) this.#begin(record.walk)
    if (record.record === 'inventory-end') return this.#end(record)
    this.#entries++
    switch (record.record) {
      case 'inventory-patch': {
        const { patch: name, enabled, replace, forced } = record
        this.#patches.push({ name, enabled, replace, forced, states: [], objects: [] })
        this.#object = undefined
        return null
      }
      case 'inventory-state':
        this.#patches.at(-1)?.states.push({ id: addressOf(record.id), version: record.version })
        return null
      case 'inventory-object':
        this.#object = objectOf(record)
        this.#patches.at(-1)?.objects.push(this.#object)
        return null
      case 'inventory-func': {
        const func = functionOf(record)
        this.#object?.functions.push(func)
        this.#records.set(func, record)
        return null
      }
    }
  }

  #begin(walk: number | null): void {
    this.#walk = walk
    this.#entries = 0
    this.#patches = []
    this.#object = undefined
    this.#records = new Map()
  }

  #end({ monoNs, complete, entries: told }: RecordOf<'inventory-end'>): Inventory | null {
    const patches = this.#patches
    const records = this.#records
    const seen = this.#entries
    this.#begin(null)
    if (!complete) return null
    if (seen !== told) throw new Error(`the inventory is incomplete: ${seen} of ${told}`)
    const functions = patches.flatMap((patch) => patch.objects).flatMap((object) => object.functions)
    setPositions(functions, records)
    return { monoNs: String(monoNs), patches, searched: searchedFunctions(patches, records) }
  }
}

const objectOf = (record: RecordOf<'inventory-object'>): InventoriedObject => {
  const is = (fact: number): boolean => (record.facts & fact) !== 0
  const callbacks: readonly (readonly [Callback, bigint])[] = [
    ['pre_patch', record.prePatch],
    ['post_patch', record.postPatch],
    ['pre_unpatch', record.preUnpatch],
    ['post_unpatch', record.postUnpatch],
  ]
  return {
    name: record.object || 'vmlinux',
    patched: is(objectFact.PATCHED),
    loaded: is(objectFact.LOADED),
    dynamic: is(objectFact.DYNAMIC),
    postUnpatchEnabled: is(objectFact.POST_UNPATCH_ENABLED),
    callbacks: Object.fromEntries(
      callbacks.filter(([, address]) => address !== 0n).map(([name, address]) => [name, addressOf(address)]),
    ),
    functions: [],
  }
}

const functionOf = (record: RecordOf<'inventory-func'>): InventoriedFunction => ({
  name: record.function,
  sympos: Number(record.oldSympos),
  oldAddress: record.oldFunc === 0n ? null : addressOf(record.oldFunc),
  newAddress: addressOf(record.newFunc),
  symbol: null,
  nop: record.nop,
  patched: record.patched,
  transition: record.transition,
  position: null,
})

/** Follows the list nodes from each front, the one whose predecessor is no function but the list's head. */
const setPositions = (
  functions: InventoriedFunction[],
  records: ReadonlyMap<InventoriedFunction, FuncRecord>,
): void => {
  const onStack = functions.filter((func) => func.patched)
  const byNode = new Map(onStack.map((func) => [records.get(func)?.stackNode, func]))
  for (const front of onStack.filter((func) => !byNode.has(records.get(func)?.stackPrev))) {
    let position = 0
    for (let func: InventoriedFunction | undefined = front; func && func.position === null; ) {
      func.position = position++
      func = byNode.get(records.get(func)?.stackNext)
    }
  }
}
