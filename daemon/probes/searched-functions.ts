import type { InventoriedFunction, InventoriedPatch } from '../contract/inventory.ts'
import type { RecordOf } from '../raw/records.ts'

/** Where a task must not be for a transition to switch it: return addresses from `from` to before `to`. */
export type SearchedFunction = { name: string; from: bigint; to: bigint }

/** By the direction of the patch's transition, in the order in which the kernel looks through them. */
export type SearchedFunctions = { patching: SearchedFunction[]; unpatching: SearchedFunction[] }

/**
 * Which functions the kernel looks for on stacks in a transition of each patch: when it unpatches the patch's own, when
 * it patches those that theirs take the place of, the original or what another patch put there. Functions that an atomic
 * replace gives back to the original are among the new patch's (no-ops).
 * Source: kernel/livepatch/transition.c, klp_check_stack and klp_check_stack_func.
 */
export const searchedFunctions = (
  patches: readonly InventoriedPatch[],
  records: ReadonlyMap<InventoriedFunction, RecordOf<'inventory-func'>>,
): ReadonlyMap<string, SearchedFunctions> => {
  const byNode = new Map(
    [...records.values()].filter(({ patched }) => patched).map((record) => [record.stackNode, record]),
  )
  return new Map(
    patches.map(({ name, objects }) => {
      const own = objects
        .flatMap(({ functions }) => functions)
        .flatMap((func) => records.get(func) ?? [])
        .filter(({ patched }) => patched)
      const previous = own.map((record) => {
        const below = byNode.get(record.stackNext)
        return below ? replacement(below) : original(record)
      })
      return [name, { patching: previous, unpatching: own.map(replacement) }]
    }),
  )
}

const original = ({ function: name, oldFunc, oldSize }: RecordOf<'inventory-func'>): SearchedFunction => ({
  name,
  from: oldFunc,
  to: oldFunc + oldSize,
})

const replacement = ({ function: name, newFunc, newSize }: RecordOf<'inventory-func'>): SearchedFunction => ({
  name,
  from: newFunc,
  to: newFunc + newSize,
})
