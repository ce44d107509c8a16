import { type Inventory, InventoryReader } from './inventory-reader.ts'
import type { RawSymbol } from './raw-record.ts'

/** What decoding remembers of inventories between records. */
export type InventoryMemory = {
  reader: InventoryReader
  /** The last complete walk; its event waits for the symbols of its addresses. */
  walked: Inventory | null
  /** Symbol by address; null: the kernel has none. */
  symbols: Map<string, RawSymbol>
  /** The last one told, as JSON. */
  told: string
}

export const freshInventory = (): InventoryMemory => ({
  reader: new InventoryReader(),
  walked: null,
  symbols: new Map(),
  told: '',
})
