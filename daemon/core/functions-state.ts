import type { CallCounts, Counting } from '../contract/functions.ts'
import type { InventoriedPatch } from '../contract/inventory.ts'

export type FunctionsState = {
  /** Null: not known, no probe reads the kernel's structures. */
  readonly inventory: readonly InventoriedPatch[] | null
  /** Functions whose ftrace site carries livepatch's handler, by functionKey; null: not known. */
  readonly sites: readonly string[] | null
  readonly budgetPerS: number | null
  /** By functionKey; what is not in it is not counted yet. */
  readonly counting: Readonly<Record<string, Counting>>
  /** By functionKey; for as long as the function is patched. */
  readonly calls: Readonly<Record<string, CallCounts>>
}

export const initialFunctions: FunctionsState = {
  inventory: null,
  sites: null,
  budgetPerS: null,
  counting: {},
  calls: {},
}

export const functionKey = (object: string, name: string): string => `${object}:${name}`
