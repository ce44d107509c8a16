import { functionKey, parseFunctionLabel } from '../contract/function-identity.ts'
import type { Counting, Functions, Implementation, PatchedFunction } from '../contract/functions.ts'
import type { InventoriedFunction, InventoriedObject } from '../contract/inventory.ts'
import type { CoreState } from './core-state.ts'
import type { FunctionsState } from './functions-state.ts'

/** The functions as they are shown; from sysfs, names only, while there is no inventory. */
export const functionsOf = (state: CoreState): Functions => {
  const { inventory, budgetPerS } = state.functions
  if (!inventory) return { source: 'sysfs', budgetPerS, items: fromSysfs(state) }
  const groups = new Map<string, Entry[]>()
  for (const patch of inventory) {
    for (const object of patch.objects) {
      for (const func of object.functions) {
        const key = functionKey(identityOf(object, func))
        groups.set(key, [...(groups.get(key) ?? []), { patch: patch.name, object, func }])
      }
    }
  }
  const namesakes = countBy([...groups.values()].map(([first]) => nameKey(first as Entry)))
  const items = [...groups.values()].map((entries) => describe(state.functions, entries, namesakes))
  return { source: 'kernel', budgetPerS, items }
}

const identityOf = (object: InventoriedObject, { name, sympos }: InventoriedFunction) => ({
  object: object.name,
  function: name,
  // The kernel's 0 for the only one of its name.
  sympos: sympos || 1,
})

/** ftrace lists functions by name: those of one name share a key. */
const nameKey = ({ object, func }: Entry): string => functionKey({ object: object.name, function: func.name })

const countBy = (keys: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

type Entry = { patch: string; object: InventoriedObject; func: InventoriedFunction }

const describe = (
  functions: FunctionsState,
  entries: Entry[],
  namesakes: ReadonlyMap<string, number>,
): PatchedFunction => {
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
  const identity = identityOf(object, func)
  return {
    ...identity,
    loaded,
    stack,
    // klp_ftrace_handler: the first of the stack, or for an unpatched task in a transition the next.
    inEffect: loaded ? (stack[0] ?? original) : null,
    inEffectUnpatched: inTransition ? (stack[1] ?? original) : null,
    ftraceSite: hasSite(functions, nameKey(entries[0] as Entry), namesakes),
    ...counted(functions, functionKey(identity)),
  }
}

/** Of several functions of one name with fewer sites than functions, which one lacks its own is not known. */
const hasSite = (
  { sites }: FunctionsState,
  key: string,
  namesakes: ReadonlyMap<string, number>,
): boolean | null => {
  if (sites === null) return null
  const found = sites.filter((site) => site === key).length
  return found === 0 ? false : found >= (namesakes.get(key) ?? 1) ? true : null
}

const counted = (functions: FunctionsState, key: string) => {
  const { status, reason } = functions.counting[key] ?? notYet
  return { counting: { status, reason }, calls: functions.calls[key] ?? null }
}

const notYet: Counting = { status: 'starting', reason: 'no probe counts its calls yet' }

const fromSysfs = (state: CoreState): PatchedFunction[] =>
  state.patches.flatMap((patch) =>
    patch.objects.flatMap((object) =>
      object.functions.map((label) => ({
        object: object.name,
        ...parseFunctionLabel(label),
        loaded: object.patched ?? null,
        stack: null,
        inEffect: null,
        inEffectUnpatched: null,
        ftraceSite: null,
        ...counted(state.functions, functionKey({ object: object.name, ...parseFunctionLabel(label) })),
      })),
    ),
  )
