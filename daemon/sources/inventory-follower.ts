import { readFile } from 'node:fs/promises'
import { functionKey } from '../contract/function-identity.ts'
import type { InventoriedPatch } from '../contract/inventory.ts'
import { type BpftraceMemory, freshBpftrace, inventoryTuples } from '../probes/bpftrace-inventory.ts'
import { isLivepatched } from '../probes/ftrace-sites.ts'
import { addressesOf, withWholeNames } from '../probes/inventory.ts'
import {
  type Inventory,
  InventoryReader,
  type InventoryRecord,
  isInventoryRecord,
} from '../probes/inventory-reader.ts'
import type { RawBody, RawSymbol } from '../probes/raw-record.ts'
import { Tuple } from '../probes/tuple.ts'
import { type PlannedFunction, planCalls } from './call-plan.ts'
import type { QuietTime } from './quiet-time.ts'
import { recordName } from './record-name.ts'
import { lookUpAddresses, lookUpNames } from './symbol-lookup.ts'

const siteLists = ['/sys/kernel/tracing/enabled_functions', '/sys/kernel/debug/tracing/enabled_functions']

export type InventoryFollower = {
  /** What the main tracer tells. */
  follow: (body: RawBody) => void
  /** Resolves once what was begun is done. */
  stop: () => Promise<void>
}

/**
 * Adds to each inventory what it needs from elsewhere: the symbols of its addresses and, when the patched
 * functions are others than before, the list of ftrace sites. Both are dear, so only for what is new.
 * @param quiet when that may be read
 * @param onFunctions which functions are patched now, and where their calls can be counted
 */
export const followInventory = (
  quiet: QuietTime,
  emit: (body: RawBody) => void,
  onError: (error: unknown) => void,
  onFunctions: (functions: PlannedFunction[]) => void,
): InventoryFollower => {
  let reader = new InventoryReader()
  let bpftrace = freshBpftrace()
  // Exactly what decoding knows: added to when told, cut down by each inventory, lost with the tracer.
  let known = new Map<string, RawSymbol>()
  let sitesOf = ''
  let planned: PlannedFunction[] = []
  let waiting: Inventory | null = null
  let working: Promise<void> | null = null
  let stopped = false

  const complete = async (inventory: Inventory): Promise<void> => {
    const unknown = addressesOf(inventory.patches).filter((address) => !known.has(address))
    const found = unknown.length > 0 ? await quiet.run((signal) => lookUpAddresses(unknown, signal)) : []
    for (const symbol of found) known.set(symbol.address, symbol)
    if (found.length > 0) emit({ source: 'symbols', symbols: found })
    // What comes meanwhile may cut down what is known.
    const symbols = new Map(known)
    const patches = withWholeNames(inventory.patches, symbols)
    const patched = JSON.stringify(
      patches.map((patch) =>
        patch.objects.map((object) => [
          object.name,
          object.functions.map((func) => [func.name, func.sympos, func.newAddress, func.position]),
        ]),
      ),
    )
    if (patched === sitesOf) return
    sitesOf = patched
    const [lines, namesakes] = await quiet.run(async (signal) => [
      await readSites(),
      await lookUpNames(namesOf(patches, symbols), signal),
    ])
    emit({ source: 'ftrace-sites', lines })
    planned = planCalls(patches, symbols, namesakes)
    onFunctions(planned)
  }

  /** What is patched no more is not counted any more, without waiting for quiet. */
  const letGo = (inventory: Inventory): void => {
    const patched = new Set(
      withWholeNames(inventory.patches, known).flatMap((patch) =>
        patch.objects.flatMap((object) =>
          object.functions.map(({ name, sympos }) =>
            functionKey({ object: object.name, function: name, sympos }),
          ),
        ),
      ),
    )
    const left = planned.filter((func) => patched.has(functionKey(func)))
    if (left.length === planned.length) return
    planned = left
    onFunctions(left)
  }

  const work = async (): Promise<void> => {
    for (let next = waiting; next && !stopped; next = waiting) {
      waiting = null
      await complete(next).catch(onError)
    }
    working = null
  }

  return {
    follow: (body) => {
      if (isTracerLost(body)) {
        reader = new InventoryReader()
        bpftrace = freshBpftrace()
        known = new Map()
        sitesOf = ''
      }
      const inventory = readBody(reader, body, bpftrace)
      if (!inventory) return
      const held = new Set(addressesOf(inventory.patches))
      known = new Map([...known].filter(([address]) => held.has(address)))
      letGo(inventory)
      waiting = inventory
      working ??= work()
    },
    stop: async () => {
      stopped = true
      await working
    },
  }
}

/** Every original and every replacement. */
const namesOf = (patches: readonly InventoriedPatch[], symbols: ReadonlyMap<string, RawSymbol>): string[] =>
  patches
    .flatMap((patch) => patch.objects.flatMap((object) => object.functions))
    .flatMap((func) => [func.name, symbols.get(func.newAddress)?.name ?? func.name])

/** Decoding forgets all with it. */
const isTracerLost = (body: RawBody): boolean =>
  body.source === 'probe'
    ? body.record.record === 'gap' && !body.record.over
    : body.source === 'tracer' && body.what === 'gap'

/** Null for a record that is broken too: decoding will say what is wrong with it. */
const readBody = (reader: InventoryReader, body: RawBody, bpftrace: BpftraceMemory): Inventory | null => {
  try {
    return recordsIn(body, bpftrace).reduce<Inventory | null>(
      (inventory, record) => reader.read(record) ?? inventory,
      null,
    )
  } catch {
    return null
  }
}

const recordsIn = (body: RawBody, bpftrace: BpftraceMemory): InventoryRecord[] => {
  if (body.source === 'probe') return isInventoryRecord(body.record) ? [body.record] : []
  if (body.source !== 'bpftrace' || !recordName(body.line)?.startsWith('inventory.')) return []
  const { data } = JSON.parse(body.line) as { data?: unknown }
  if (!Array.isArray(data)) return []
  const tuple = new Tuple(data)
  return inventoryTuples[tuple.name]?.(tuple, bpftrace) ?? []
}

const readSites = async (): Promise<string[] | null> => {
  for (const list of siteLists) {
    const text = await readFile(list, 'utf8').catch(() => null)
    if (text !== null) return text.split('\n').filter(isLivepatched)
  }
  return null
}
