import type { InventoriedFunction, InventoriedPatch } from '../../../daemon/contract/inventory.ts'
import type { Inventory } from '../../../daemon/probes/inventory-reader.ts'
import type { RecordOf, TracerRecord } from '../../../daemon/raw/records.ts'

const hex = (address: bigint) => `0x${address.toString(16)}`

const aFunction = (name: string, oldAddress: bigint, newAddress: bigint): InventoriedFunction => ({
  name,
  sympos: 0,
  oldAddress: hex(oldAddress),
  newAddress: hex(newAddress),
  symbol: null,
  nop: false,
  transition: false,
  patched: true,
  position: 0,
})

/** A patch with one object. */
const patchOf = (name: string, object: string, functions: InventoriedFunction[]): InventoriedPatch => ({
  name,
  enabled: true,
  replace: false,
  forced: false,
  states: [],
  objects: [
    {
      name: object,
      patched: true,
      loaded: true,
      dynamic: false,
      callbacks: {},
      postUnpatchEnabled: false,
      functions,
    },
  ],
})

/** A patch of the function `f` of the kernel, which is at 0x10. */
export const aPatch = (name: string, newAddress: bigint): InventoriedPatch =>
  patchOf(name, 'vmlinux', [aFunction('f', 0x10n, newAddress)])

/** The complete walks among the records, by their last record; each patch has one object, all functions are in place. */
export const inventoriesIn = (
  ends: readonly RecordOf<'inventory-end'>[],
  records: readonly TracerRecord[],
): Map<TracerRecord, Inventory> =>
  new Map(
    ends
      .filter(({ complete }) => complete)
      .map((end) => {
        const patches: InventoriedPatch[] = []
        for (const record of records) {
          if (record.record === 'inventory-patch' && record.walk === end.walk)
            patches.push(patchOf(record.patch, 'klpt_target', []))
          if (record.record !== 'inventory-func' || record.walk !== end.walk || !record.patched) continue
          const { function: name, oldFunc, newFunc } = record
          patches.at(-1)?.objects[0]?.functions.push(aFunction(name, oldFunc, newFunc))
        }
        return [end, { monoNs: String(end.monoNs), patches, searched: new Map() }]
      }),
  )
