import type { InventoriedPatch } from '../contract/inventory.ts'

export type FunctionsState = {
  /** Null: not known, no probe reads the kernel's structures. */
  readonly inventory: readonly InventoriedPatch[] | null
  /** Functions whose ftrace site carries livepatch's handler, by functionKey; null: not known. */
  readonly sites: readonly string[] | null
}

export const initialFunctions: FunctionsState = { inventory: null, sites: null }

export const functionKey = (object: string, name: string): string => `${object}:${name}`
