import { type FunctionIdentity, functionKey, symposField } from '../contract/function-identity.ts'
import type { InventoriedPatch } from '../contract/inventory.ts'
import type { RawSymbol } from '../probes/raw-record.ts'

/** A function to put a kprobe on. */
export type AttachPoint = {
  /** Null: vmlinux. */
  module: string | null
  name: string
  /** Other functions have this name too: without its module it would be another's, or nobody's. */
  ambiguous: boolean
  address: string
}

export type PlannedFunction = FunctionIdentity &
  (
    | { countable: true; original: AttachPoint; replacements: AttachPoint[] }
    | { countable: false; reason: string }
  )

type Implementation = { patch: string; nop: boolean; symbol: RawSymbol | undefined }

/**
 * Which patched functions can be counted, and where.
 * @param symbols what the kernel calls the addresses of the inventory
 * @param namesakes every function that has one of the names in it
 */
export const planCalls = (
  patches: readonly InventoriedPatch[],
  symbols: ReadonlyMap<string, RawSymbol>,
  namesakes: readonly RawSymbol[],
): PlannedFunction[] => {
  const groups = new Map<string, Group>()
  for (const patch of patches) {
    for (const object of patch.objects) {
      for (const func of object.functions) {
        const identity = { object: object.name, function: func.name, ...symposField(func.sympos) }
        const key = functionKey(identity)
        const group = groups.get(key) ?? { identity, stack: [] }
        groups.set(key, group)
        if (func.position === null) continue
        group.stack.push({ patch: patch.name, nop: func.nop, symbol: symbols.get(func.newAddress) })
      }
    }
  }
  return [...groups.values()].map((group) => plan(group, namesakes))
}

type Group = { identity: FunctionIdentity; stack: Implementation[] }

const plan = (group: Group, namesakes: readonly RawSymbol[]): PlannedFunction => {
  const { identity: named } = group
  const not = (reason: string): PlannedFunction => ({ ...named, countable: false, reason })
  if (group.stack.length === 0) return not('no patch is in its place now')
  const module = named.object === 'vmlinux' ? null : named.object
  const original = find(module, named.function, namesakes)
  if (typeof original === 'string') return not(original)
  const replacements: AttachPoint[] = []
  for (const { nop, symbol } of group.stack) {
    if (nop) continue
    if (!symbol?.name) return not('the kernel does not tell the name of its replacement')
    const point = find(symbol.module, symbol.name, namesakes)
    if (typeof point === 'string') return not(point)
    replacements.push(point)
  }
  return { ...named, countable: true, original, replacements }
}

/** Why not, in words, or the point. */
const find = (module: string | null, name: string, namesakes: readonly RawSymbol[]): AttachPoint | string => {
  const all = namesakes.filter((symbol) => symbol.name === name)
  const own = all.filter((symbol) => symbol.module === module)
  const where = module ?? 'the kernel'
  if (own.length === 0) return `${where} shows no symbol ${name}`
  if (own.length > 1) return `${where} has ${own.length} functions called ${name}`
  return { module, name, ambiguous: all.length > 1, address: own[0]?.address ?? '' }
}
