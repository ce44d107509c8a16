import { readFile } from 'node:fs/promises'
import { isLivepatched } from '../probes/ftrace-sites.ts'
import { addressesOf } from '../probes/inventory.ts'
import {
  type Inventory,
  InventoryReader,
  type InventoryRecord,
  isInventoryRecord,
} from '../probes/inventory-reader.ts'
import type { RawBody, RawSymbol } from '../probes/raw-record.ts'
import type { TracerRecord } from '../raw/records.ts'
import type { QuietTime } from './quiet-time.ts'
import { lookUpAddresses } from './symbol-lookup.ts'

const siteLists = ['/sys/kernel/tracing/enabled_functions', '/sys/kernel/debug/tracing/enabled_functions']

export type InventoryFollower = {
  /** What the tracer tells. */
  follow: (record: TracerRecord) => void
  /** Resolves once what was begun is done. */
  stop: () => Promise<void>
}

/**
 * Adds to each inventory what it needs from elsewhere: the symbols of its addresses and, when the patched
 * functions are others than before, the list of ftrace sites. Both are dear, so only for what is new.
 * @param quiet when that may be read
 */
export const followInventory = (
  quiet: QuietTime,
  emit: (body: RawBody) => void,
  onError: (error: unknown) => void,
): InventoryFollower => {
  let reader = new InventoryReader()
  // Exactly what decoding knows: added to when told, cut down by each inventory, lost with the tracer.
  let known = new Map<string, RawSymbol>()
  let sitesOf = ''
  let waiting: Inventory | null = null
  let working: Promise<void> | null = null
  let stopped = false

  const complete = async (inventory: Inventory): Promise<void> => {
    const unknown = addressesOf(inventory.patches).filter((address) => !known.has(address))
    const found = unknown.length > 0 ? await quiet.run((signal) => lookUpAddresses(unknown, signal)) : []
    for (const symbol of found) known.set(symbol.address, symbol)
    if (found.length > 0) emit({ source: 'symbols', symbols: found })
    const patched = JSON.stringify(
      inventory.patches.map((patch) =>
        patch.objects.map((object) => [
          object.name,
          object.functions.map((func) => [func.name, func.sympos, func.newAddress, func.position]),
        ]),
      ),
    )
    if (patched === sitesOf) return
    sitesOf = patched
    emit({ source: 'ftrace-sites', lines: await quiet.run(readSites) })
  }

  const work = async (): Promise<void> => {
    for (let next = waiting; next && !stopped; next = waiting) {
      waiting = null
      await complete(next).catch(onError)
    }
    working = null
  }

  return {
    follow: (record) => {
      if (record.record === 'gap') {
        reader = new InventoryReader()
        known = new Map()
        sitesOf = ''
      }
      const inventory = isInventoryRecord(record) ? readRecord(reader, record) : null
      if (!inventory) return
      const held = new Set(addressesOf(inventory.patches))
      known = new Map([...known].filter(([address]) => held.has(address)))
      waiting = inventory
      working ??= work()
    },
    stop: async () => {
      stopped = true
      await working
    },
  }
}

/** Null for a walk that is not whole too: decoding will say what is wrong with it. */
const readRecord = (reader: InventoryReader, record: InventoryRecord): Inventory | null => {
  try {
    return reader.read(record)
  } catch {
    return null
  }
}

const readSites = async (): Promise<string[] | null> => {
  for (const list of siteLists) {
    const text = await readFile(list, 'utf8').catch(() => null)
    if (text !== null) return text.split('\n').filter(isLivepatched)
  }
  return null
}
