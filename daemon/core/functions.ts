import type { Event } from '../contract/event.ts'
import type { Functions, Implementation, PatchedFunction } from '../contract/functions.ts'
import type { InventoriedFunction, InventoriedObject } from '../contract/inventory.ts'
import type { CoreState } from './core-state.ts'
import { type FunctionsState, functionKey, initialFunctions } from './functions-state.ts'

/** What the kernel holds of patched functions, and what was counted of their calls. */
export const reduceFunctions = (state: CoreState, event: Event): CoreState => {
  const change = (to: Partial<FunctionsState>): CoreState => ({
    ...state,
    functions: { ...state.functions, ...to },
  })
  switch (event.kind) {
    case 'tracer-started':
      return { ...state, functions: initialFunctions }
    case 'tracer-gap':
      return event.source === 'bpftrace' ? change({ inventory: null, sites: null }) : state
    case 'patches-inventoried':
      return change({ inventory: event.patches })
    case 'ftrace-sites-observed':
      return change({
        sites: event.sites?.map((site) => functionKey(site.object, site.function)) ?? null,
      })
    default:
      return state
  }
}

/** The functions as they are shown; from sysfs, names only, while there is no inventory. */
export const functionsOf = (state: CoreState): Functions => {
  const { inventory } = state.functions
  if (!inventory) return { source: 'sysfs', budgetPerS: null, items: fromSysfs(state) }
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
  return { source: 'kernel', budgetPerS: null, items }
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
    counting: { status: 'unavailable', reason: null },
    calls: null,
  }
}

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
        counting: { status: 'unavailable' as const, reason: 'the kernel’s own structures are not read' },
        calls: null,
      })),
    ),
  )
