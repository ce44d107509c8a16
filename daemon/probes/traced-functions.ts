import { type FunctionIdentity, functionKey, symposField } from '../contract/function-identity.ts'
import type { InventoriedFunction, InventoriedPatch } from '../contract/inventory.ts'
import { forgetSums } from './call-sums.ts'
import type { FunctionCallsMemory } from './function-calls-memory.ts'
import type { Inventory } from './inventory-reader.ts'
import { beginFunctions, type TracedFunction } from './traced-calls.ts'

export type PlacedFunction = InventoriedFunction & { object: string }

/** Those that are in the place of an original now. */
export const functionsOf = (patches: readonly InventoriedPatch[]): PlacedFunction[] =>
  allOf(patches).filter((func) => func.position !== null)

const allOf = (patches: readonly InventoriedPatch[]): PlacedFunction[] =>
  patches.flatMap(({ objects }) =>
    objects.flatMap(({ name: object, functions }) => functions.map((func) => ({ ...func, object }))),
  )

const identify = ({ object, name, sympos }: PlacedFunction): FunctionIdentity => ({
  object,
  function: name,
  ...symposField(sympos),
})

type Shown = { identity: FunctionIdentity; original: string; replacements: string[] }

const shownIn = (patches: readonly InventoriedPatch[]): Map<string, Shown> => {
  const shown = new Map<string, Shown>()
  for (const func of functionsOf(patches)) {
    if (func.oldAddress === null) continue
    const identity = identify(func)
    const key = functionKey(identity)
    const of = shown.get(key) ?? { identity, original: func.oldAddress, replacements: [] }
    shown.set(key, of)
    if (!func.nop && !of.replacements.includes(func.newAddress)) of.replacements.push(func.newAddress)
  }
  return shown
}

/** A walk through the kernel's structures has shown everything that is patched. */
export const followInventory = (
  memory: FunctionCallsMemory,
  { patches, monoNs }: Pick<Inventory, 'patches' | 'monoNs'>,
): void => {
  const { traced } = memory
  traced.isCountingOpen = true
  const shownNs = BigInt(monoNs)
  const shown = shownIn(patches)
  for (const [key, func] of traced.functions) if (!shown.has(key)) goes(memory, key, func, shownNs)
  for (const [key, now] of shown) {
    const before = traced.functions.get(key)
    if (before && before.goneNs !== null && before.goneNs >= shownNs) continue
    if (before && before.goneNs === null && before.original === now.original) {
      for (const point of before.replacements) {
        if (now.replacements.includes(point)) continue
        before.left.set(point, { sinceNs: shownNs, beganNs: traced.addresses.get(point)?.beganNs ?? null })
      }
      before.replacements = now.replacements
      continue
    }
    traced.functions.set(key, { ...now, left: new Map(), shownNs, beganNs: null, goneNs: null })
  }
  const others = allOf(patches).map(identify)
  traced.unplaced = [...new Map(others.map((one) => [functionKey(one), one]))]
    .filter(([key]) => !shown.has(key))
    .map(([, one]) => one)
  // A probe on what went with its module never comes back, even if another module takes the address.
  const held = new Set([...shown.values()].flatMap((func) => [func.original, ...func.replacements]))
  for (const [point, address] of traced.addresses) if (!held.has(point)) address.beganNs = null
  beginFunctions(traced)
}

/** A transition ended in which patches were taken away. @param stays whether a function is still patched */
export const letGoOfTraced = (
  memory: FunctionCallsMemory,
  monoNs: string,
  stays: (identity: FunctionIdentity) => boolean,
): void => {
  for (const [key, func] of memory.traced.functions)
    if (!stays(func.identity)) goes(memory, key, func, BigInt(monoNs))
}

const goes = (memory: FunctionCallsMemory, key: string, func: TracedFunction, ns: bigint): void => {
  if (func.goneNs !== null) return
  func.goneNs = ns
  memory.traced.isCountingOpen = true
  forgetSums(memory, key)
  memory.traced.called.delete(key)
}
