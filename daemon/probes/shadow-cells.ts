import { shadowWhat } from './shadow-event.ts'

/** What the kernel has counted of one shadow id since the tracer was attached: @shadow_counts of bpf/shadow.bt. */
export type ShadowCells = {
  /** Events by the number of their kind (`shadowWhat`). */
  counts: Map<number, number>
  /** Allocations less frees; at 2 * (pass % 2), plus 1 for those in buckets that the walk had passed. */
  changes: [number, number, number, number]
  /** Found by the walk, by pass % 2 and age. */
  found: [Map<number, number>, Map<number, number>]
  /** Allocations by the address they return to. */
  allocatedBy: Map<string, number>
}

/** From here on `kind` is not `8 * what`. */
const foundByWalk = 64

const freshCells = (): ShadowCells => ({
  counts: new Map(),
  changes: [0, 0, 0, 0],
  found: [new Map(), new Map()],
  allocatedBy: new Map(),
})

export const noCells: ShadowCells = freshCells()

/** By shadow id. Keys are as bpftrace prints them: `kind,id,which`, large numbers perhaps as negative ones. */
export const readShadowCells = (
  printed: ReadonlyMap<string, number> | undefined,
): ReadonlyMap<string, ShadowCells> => {
  const cells = new Map<string, ShadowCells>()
  for (const [key, count] of printed ?? []) {
    const [kindText = '', idText = '0', which = '0'] = key.split(',')
    const id = hexOf(idText)
    const of = cells.get(id) ?? freshCells()
    cells.set(id, of)
    put(of, Number(kindText), which, count)
  }
  return cells
}

const put = (of: ShadowCells, kind: number, which: string, count: number): void => {
  if (kind >= foundByWalk) {
    of.found[kind % 2 === 0 ? 0 : 1].set(Number(which), count)
    return
  }
  const what = Math.floor(kind / 8)
  of.counts.set(what, (of.counts.get(what) ?? 0) + count)
  const cell = kind % 8
  if (what === shadowWhat.allocated) {
    if (isCell(cell)) of.changes[cell] += count
    const caller = hexOf(which)
    of.allocatedBy.set(caller, (of.allocatedBy.get(caller) ?? 0) + count)
  }
  if (what === shadowWhat.freed && isCell(cell)) of.changes[cell] -= count
}

const isCell = (cell: number): cell is 0 | 1 | 2 | 3 => cell >= 0 && cell < 4

/** A 64-bit number as bpftrace prints it in a key of a map. */
export const hexOf = (decimal: string): string => `0x${BigInt.asUintN(64, BigInt(decimal)).toString(16)}`
