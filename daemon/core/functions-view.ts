import type { Counting, Functions, Implementation, PatchedFunction } from '../contract/functions.ts'
import type { InventoriedFunction, InventoriedObject } from '../contract/inventory.ts'
import type { CoreState } from './core-state.ts'
import { type FunctionsState, functionKey } from './functions-state.ts'

/** The functions as they are shown; from sysfs, names only, while there is no inventory. */
export const functionsOf = (state: CoreState): Functions => {
  const { inventory, budgetPerS } = state.functions
  if (!inventory) return { source: 'sysfs', budgetPerS, items: fromSysfs(state) }
  const groups = new Map<string, Entry[]>()
  for (const patch of inventory) {
    for (const object of patch.objects) {
      for (const func of object.functions) {
        const key = `${functionKey(object.name, func.name)}:${func.sympos}`
        groups.set(key, [...(groups.get(key) ?? []), { patch: patch.name, object, func }])
      }
    }
  }
  const items = [...groups.values()].map((entries) => describe(state.functions, entries))
  return { source: 'kernel', budgetPerS, items }
}

type Entry = { patch: string; object: InventoriedObject; func: InventoriedFunction }

const describe = (functions: FunctionsState, entries: Entry[]): PatchedFunction => {
  const { object, func } = entries[0] as Entry
  const loaded = entries.some((entry) => entry.object.loaded) || object.name === 'vmlinux'
  const onStack = entries
    .filter((entry) => entry.func.position !== null)
    .sort((a, b) => (a.func.position ?? 0) - (b.func.position ?? 0))
  const stack = onStack.map((entry): Implementation => {
    const { symbol, nop } = entry.func
    return { patch: entry.patch, symbol: nop ? entry.func.name : symbol, nop }
  })
  const original: Implementation = { patch: null, symbol: func.name, nop: false }
  const inTransition = onStack[0]?.func.transition ?? false
  const key = functionKey(object.name, func.name)
  return {
    object: object.name,
    function: func.name,
    loaded,
    stack,
    // klp_ftrace_handler: the first of the stack, or for an unpatched task in a transition the next.
    inEffect: loaded ? (stack[0] ?? original) : null,
    inEffectUnpatched: inTransition ? (stack[1] ?? original) : null,
    ftraceSite: functions.sites?.includes(key) ?? null,
    ...counted(functions, key),
  }
}

const counted = (functions: FunctionsState, key: string) => ({
  counting: functions.counting[key] ?? notYet,
  calls: functions.calls[key] ?? null,
})

const notYet: Counting = { status: 'starting', reason: 'no probe counts its calls yet' }

const fromSysfs = (state: CoreState): PatchedFunction[] =>
  state.patches.flatMap((patch) =>
    patch.objects.flatMap((object) =>
      object.functions.map((name) => ({
        object: object.name,
        function: name,
        loaded: object.patched ?? null,
        stack: null,
        inEffect: null,
        inEffectUnpatched: null,
        ftraceSite: null,
        ...counted(state.functions, functionKey(object.name, name)),
      })),
    ),
  )
