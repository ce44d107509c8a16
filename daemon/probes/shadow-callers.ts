import type { ShadowAllocator } from '../contract/shadow.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawCaller } from './raw-record.ts'
import type { KernelSymbol } from './symbols.ts'

/** Which functions use shadow variables: addresses come first, names a moment later. */
export type ShadowCallersMemory = {
  /** By address, while what was last told of it is known. */
  names: Map<string, RawCaller>
  /** Ids that were used from an address of which it is not known yet in which module it lies. */
  unnamed: Map<string, Set<string>>
  /** Allocations already put down to somebody, by id and address. */
  told: Map<string, number>
  /** By id, then by address and module: after one module another may stand there. */
  allocators: Map<string, Map<string, ShadowAllocator>>
  /** By id the modules that use it, and whether they are livepatches. */
  users: Map<string, Map<string, boolean>>
}

export const freshShadowCallers = (): ShadowCallersMemory => ({
  names: new Map(),
  unnamed: new Map(),
  told: new Map(),
  allocators: new Map(),
  users: new Map(),
})

/** An id is used from an address for the first time, or for the first time since a livepatch was loaded. */
export const meetCaller = (memory: ShadowCallersMemory, id: string, address: string): void => {
  if (memory.names.delete(address)) for (const of of memory.allocators.values()) leaveUnknown(of, address)
  memory.unnamed.set(address, (memory.unnamed.get(address) ?? new Set()).add(id))
}

/** From now on another module may stand at an address: what nobody was found for there so far is not the new one's. */
const leaveUnknown = (of: Map<string, ShadowAllocator>, address: string): void => {
  const nobodys = of.get(`${address} null`)
  if (!nobodys) return
  of.delete(`${address} null`)
  const key = `${address} unknown`
  of.set(key, { ...nobodys, allocated: nobodys.allocated + (of.get(key)?.allocated ?? 0) })
}

/** Whether an id is used from this address. */
export const isCaller = ({ unnamed, names }: ShadowCallersMemory, address: string): boolean =>
  unnamed.has(address) || names.has(address)

export const callerOf = (
  { address, name, module }: KernelSymbol,
  livepatches: ReadonlySet<string>,
): RawCaller => ({
  address,
  function: name,
  module,
  livepatch: module !== null && livepatches.has(module),
})

/** Some modules are livepatches. One may use shadow variables before it says so (klp_enable_patch). */
export const learnLivepatches = (
  {
    livepatches,
    shadowCallers: { names, users, allocators },
  }: Pick<DecodeContext, 'livepatches' | 'shadowCallers'>,
  modules: readonly string[],
): void => {
  for (const module of modules) {
    if (livepatches.has(module)) continue
    livepatches.add(module)
    for (const by of users.values()) if (by.has(module)) by.set(module, true)
    for (const caller of [...names.values(), ...[...allocators.values()].flatMap((of) => [...of.values()])])
      if (caller.module === module) caller.livepatch = true
  }
}

/** It is told who stands at some addresses; in old records of a module first, of the function in it later. */
export const nameCallers = (memory: ShadowCallersMemory, callers: readonly RawCaller[]): void => {
  for (const caller of callers) {
    const { address, module, livepatch } = caller
    memory.names.set(address, { ...caller })
    if (module !== null) {
      for (const id of memory.unnamed.get(address) ?? []) {
        memory.users.set(id, (memory.users.get(id) ?? new Map()).set(module, livepatch))
      }
      memory.unnamed.delete(address)
    }
    for (const of of memory.allocators.values()) {
      if (module !== null) identify(of, caller)
      if (caller.function === null) continue
      const allocator = of.get(`${address} ${module}`)
      if (allocator) allocator.function = caller.function
    }
  }
}

/** What was put down to nobody, because the module was not in the kernel's list yet, is the module's. */
const identify = (of: Map<string, ShadowAllocator>, { address, module, livepatch }: RawCaller): void => {
  const nobodys = of.get(`${address} null`)
  if (!nobodys) return
  of.delete(`${address} null`)
  const before = of.get(`${address} ${module}`)
  const allocated = nobodys.allocated + (before?.allocated ?? 0)
  of.set(`${address} ${module}`, { function: before?.function ?? null, module, livepatch, allocated })
}

/** Puts new allocations down to those who made them. Those from an address without a name wait for it. */
export const attributeAllocations = (
  memory: ShadowCallersMemory,
  id: string,
  allocatedBy: ReadonlyMap<string, number>,
): void => {
  for (const [address, allocated] of allocatedBy) {
    const caller = memory.names.get(address)
    if (!caller) continue
    const key = `${id} ${address}`
    const fresh = allocated - (memory.told.get(key) ?? 0)
    if (fresh === 0) continue
    memory.told.set(key, allocated)
    const of = memory.allocators.get(id) ?? new Map<string, ShadowAllocator>()
    memory.allocators.set(id, of)
    const { module, livepatch } = caller
    const before = of.get(`${address} ${module}`)
    of.set(`${address} ${module}`, {
      function: caller.function,
      module,
      livepatch,
      allocated: (before?.allocated ?? 0) + fresh,
    })
  }
}

/** Who allocated variables of an id: one for each function, most first. */
export const allocatorsOf = (memory: ShadowCallersMemory, id: string): ShadowAllocator[] => {
  const byFunction = new Map<string, ShadowAllocator>()
  for (const allocator of memory.allocators.get(id)?.values() ?? []) {
    const key = `${allocator.module} ${allocator.function}`
    const allocated = allocator.allocated + (byFunction.get(key)?.allocated ?? 0)
    byFunction.set(key, { ...allocator, allocated })
  }
  return [...byFunction.values()].sort((a, b) => b.allocated - a.allocated)
}

export const usersOf = (memory: ShadowCallersMemory, id: string): string[] =>
  [...(memory.users.get(id) ?? [])].flatMap(([module, livepatch]) => (livepatch ? [module] : [])).sort()

/** Of a single call: its function and, when that is one, the livepatch it belongs to. */
export const calledFrom = (
  { names }: ShadowCallersMemory,
  address: string,
): { patch?: string; function?: string } => {
  const caller = names.get(address)
  return {
    ...(caller?.livepatch && caller.module !== null ? { patch: caller.module } : {}),
    ...(caller?.function ? { function: caller.function } : {}),
  }
}
