import { type Inventory, InventoryReader } from './inventory-reader.ts'
import type { RawSymbol } from './raw-record.ts'

/** What decoding remembers of inventories between records. */
export type InventoryMemory = {
  reader: InventoryReader
  /** The last complete walk; null before the first. */
  current: Inventory | null
  /** The same while its event waits for the symbols of its addresses. */
  walked: Inventory | null
  /** Of its addresses those. */
  nameless: Set<string>
  /** Symbols that earlier versions looked up by themselves, by address. */
  lookedUp: Map<string, RawSymbol>
  /** The last one told, as JSON. */
  told: string
}

export const freshInventory = (): InventoryMemory => ({
  reader: new InventoryReader(),
  current: null,
  walked: null,
  nameless: new Set(),
  lookedUp: new Map(),
  told: '',
})
