import type { EventDraft } from '../contract/event.ts'
import type { InventoriedPatch } from '../contract/inventory.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import type { InventoryMemory } from './inventory-memory.ts'
import type { InventoryRecord } from './inventory-reader.ts'
import { adoptStates } from './lifecycle-memory.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'
import type { RawSymbol } from './raw-record.ts'
import { followInventory } from './traced-functions.ts'

/** Every address of an inventory that has, or should have, a symbol. */
export const addressesOf = (patches: readonly InventoriedPatch[]): string[] => [
  ...new Set(
    patches
      .flatMap((patch) => patch.objects)
      .flatMap((object) => [
        ...Object.values(object.callbacks),
        ...object.functions.flatMap((func) => [
          func.newAddress,
          ...(func.oldAddress === null ? [] : [func.oldAddress]),
        ]),
      ]),
  ),
]

/** Symbols came: the walk that waited for them can be told, unless nothing has changed since the last. */
export const nameInventory = (
  context: DecodeContext,
  symbols: readonly RawSymbol[],
  monoNs: string,
): EventDraft[] => {
  const memory = context.inventory
  for (const symbol of symbols) memory.symbols.set(symbol.address, symbol)
  return tell(memory, monoNs)
}

const tell = (memory: InventoryMemory, monoNs: string): EventDraft[] => {
  const { walked, symbols } = memory
  if (!walked || addressesOf(walked.patches).some((address) => !symbols.has(address))) return []
  const patches = withSymbols(walked.patches, symbols)
  memory.walked = null
  const text = JSON.stringify(patches)
  if (text === memory.told) return []
  memory.told = text
  return [{ kind: 'patches-inventoried', monoNs, asOfMonoNs: walked.monoNs, patches }]
}

const withSymbols = (
  patches: readonly InventoriedPatch[],
  symbols: Map<string, RawSymbol>,
): InventoriedPatch[] =>
  patches.map((patch) => ({
    ...patch,
    objects: patch.objects.map((object) => ({
      ...object,
      callbacks: Object.fromEntries(
        Object.entries(object.callbacks).map(([name, address]) => [
          name,
          symbols.get(address)?.name ?? address,
        ]),
      ),
      functions: object.functions.map((func) => ({
        ...func,
        symbol: symbols.get(func.newAddress)?.name ?? null,
      })),
    })),
  }))

const gather = (record: InventoryRecord, context: DecodeContext): EventDraft[] => {
  const memory = context.inventory
  const inventory = memory.reader.read(record)
  if (!inventory) return []
  // The same addresses may belong to another module by now: only what this walk holds stays known.
  const held = new Set(addressesOf(inventory.patches))
  for (const address of memory.symbols.keys()) if (!held.has(address)) memory.symbols.delete(address)
  memory.walked = inventory
  adoptStates(context.lifecycle, inventory.patches)
  memory.current = inventory
  followInventory(context.functionCalls, inventory)
  const { unseenSinceNs } = context.functionCalls
  // A walk that was complete after the start of a transition saw what it brought.
  if (unseenSinceNs !== null && BigInt(inventory.monoNs) > BigInt(unseenSinceNs)) {
    context.functionCalls.unseenSinceNs = null
  }
  return tell(memory, inventory.monoNs)
}

/** The kernel's own account of patches, objects, functions and states. Source: include/linux/livepatch.h. */
export const inventory: ProbeSet = {
  stem: 'inventory',
  purpose: probePurposes.inventory,
  decoders: {
    'inventory-patch': gather,
    'inventory-state': gather,
    'inventory-object': gather,
    'inventory-func': gather,
    'inventory-end': gather,
  },
}
