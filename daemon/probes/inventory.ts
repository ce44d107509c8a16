import type { EventDraft } from '../contract/event.ts'
import type { InventoriedPatch } from '../contract/inventory.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import type { InventoryRecord } from './inventory-reader.ts'
import { adoptStates } from './lifecycle-memory.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'
import type { RawSymbol } from './raw-record.ts'
import { learnLivepatches } from './shadow-callers.ts'
import { isStarting, tellTracedCounting } from './traced-counting.ts'
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

/** A symbol came: the walk that waited for it can be told, unless nothing has changed since the last. */
export const nameInventory = (
  context: DecodeContext,
  { address }: { address: string },
  monoNs: string,
): EventDraft[] => (context.inventory.nameless.delete(address) ? tell(context, monoNs) : [])

/** The same of those that earlier versions looked up by themselves. */
export const nameInventoryByHand = (
  context: DecodeContext,
  symbols: readonly RawSymbol[],
  monoNs: string,
): EventDraft[] => {
  const { inventory } = context
  for (const symbol of symbols) {
    inventory.lookedUp.set(symbol.address, symbol)
    inventory.nameless.delete(symbol.address)
  }
  return tell(context, monoNs)
}

const tell = (context: DecodeContext, monoNs: string): EventDraft[] => {
  const memory = context.inventory
  const { walked, nameless } = memory
  if (!walked || nameless.size > 0) return []
  const patches = withSymbols(walked.patches, (address) => symbolAt(context, address)?.name ?? null)
  memory.walked = null
  const text = JSON.stringify(patches)
  if (text === memory.told) return []
  memory.told = text
  return [{ kind: 'patches-inventoried', monoNs, asOfMonoNs: walked.monoNs, patches }]
}

const symbolAt = ({ symbols, inventory }: DecodeContext, address: string) =>
  symbols.get(address) ?? inventory.lookedUp.get(address)

const withSymbols = (
  patches: readonly InventoriedPatch[],
  nameAt: (address: string) => string | null,
): InventoriedPatch[] =>
  patches.map((patch) => ({
    ...patch,
    objects: patch.objects.map((object) => ({
      ...object,
      callbacks: Object.fromEntries(
        Object.entries(object.callbacks).map(([name, address]) => [name, nameAt(address) ?? address]),
      ),
      functions: object.functions.map((func) => ({
        ...func,
        symbol: nameAt(func.newAddress),
      })),
    })),
  }))

const gather = (record: InventoryRecord, context: DecodeContext): EventDraft[] => {
  if (record.record === 'inventory-patch') learnLivepatches(context, [record.patch])
  const memory = context.inventory
  const inventory = memory.reader.read(record)
  if (!inventory) return []
  // The same addresses may belong to another module by now: only what this walk holds stays known.
  const held = new Set(addressesOf(inventory.patches))
  for (const known of [memory.lookedUp, context.symbols])
    for (const address of known.keys()) if (!held.has(address)) known.delete(address)
  memory.walked = inventory
  memory.nameless = new Set([...held].filter((address) => !symbolAt(context, address)))
  adoptStates(context.lifecycle, inventory.patches)
  memory.current = inventory
  followInventory(context.functionCalls, inventory)
  const { unseenSinceNs } = context.functionCalls
  // A walk that was complete after the start of a transition saw what it brought.
  if (unseenSinceNs !== null && BigInt(inventory.monoNs) > BigInt(unseenSinceNs)) {
    context.functionCalls.unseenSinceNs = null
  }
  const told = tell(context, inventory.monoNs)
  // That something is not counted yet is said together with what is there now.
  return isStarting(context) ? [...told, ...tellTracedCounting(context, inventory.monoNs)] : told
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
