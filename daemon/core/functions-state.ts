import type { CallCounts, Counting } from '../contract/functions.ts'
import type { InventoriedPatch } from '../contract/inventory.ts'

export type FunctionsState = {
  /** Null: not known, no probe reads the kernel's structures. */
  readonly inventory: readonly InventoriedPatch[] | null
  /** Functions whose ftrace site carries livepatch's handler, by functionKey of its name alone; null: not known. */
  readonly sites: readonly string[] | null
  readonly budgetPerS: number | null
  /**
   * By functionKey; what is not in it is not counted yet. `fromSecond`: of CLOCK_MONOTONIC, in which it was taken up;
   * earlier calls were of a patch that is gone.
   */
  readonly counting: Readonly<Record<string, Counting & { fromSecond: number }>>
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
