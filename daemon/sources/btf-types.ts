/** Kinds of types by their number in include/uapi/linux/btf.h. */
export const kinds = { ptr: 2, struct: 4, union: 5, funcProto: 13 } as const

/** Whether it is a structure or a union. */
export const isCompound = (kind: number): boolean => kind === kinds.struct || kind === kinds.union

/**
 * What follows the 12 bytes of a type, by its kind: a fixed part, and one part per element, in bytes. `types`: where in
 * the type ids of others stand; `eachName`, `eachType`: the same in an element. A type's own name stands at 0 always.
 */
type Layout = { fixed?: number; types?: number[]; each?: number; eachName?: number; eachType?: number }
const reference: Layout = { types: [8] }
const compound: Layout = { each: 12, eachName: 0, eachType: 4 }
const layouts: Record<number, Layout> = {
  1: { fixed: 4 }, // INT
  [kinds.ptr]: reference,
  3: { fixed: 12, types: [12, 16] }, // ARRAY
  [kinds.struct]: compound,
  [kinds.union]: compound,
  6: { each: 8, eachName: 0 }, // ENUM
  7: {}, // FWD
  8: reference, // TYPEDEF
  9: reference, // VOLATILE
  10: reference, // CONST
  11: reference, // RESTRICT
  12: reference, // FUNC
  [kinds.funcProto]: { types: [8], each: 8, eachName: 0, eachType: 4 },
  14: { fixed: 4, types: [8] }, // VAR
  15: { each: 12, eachType: 0 }, // DATASEC
  16: {}, // FLOAT
  17: { fixed: 4, types: [8] }, // DECL_TAG
  18: reference, // TYPE_TAG
  19: { each: 12, eachName: 0 }, // ENUM64
}
const typeBytes = 12

/** One type: where it stands, how long it is, and where in it other things are named, in bytes of the file. */
export type BtfType = { at: number; length: number; names: number[]; types: number[] }

/** The types of a BTF file by their ids, from 1. */
export type BtfTypes = {
  bytes: Buffer
  /** 0, as of void: there is no such type. */
  kind: (id: number) => number
  /** @throws Error when there is no such type */
  type: (id: number) => BtfType
  /** Ids of the structures and unions of this name, as in C, without `struct`. */
  compounds: (name: string) => number[]
  u32: (at: number) => number
  /** @param offset in the strings */
  name: (offset: number) => string
}

const magic = 0xeb9f

/**
 * Reads BTF in this machine's byte order. Source: Documentation/bpf/btf.rst.
 * @throws Error when it is not BTF, or has a kind of type unknown here
 */
export const readBtfTypes = (bytes: Buffer): BtfTypes => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint16(0, true) !== magic) throw new Error('not little-endian BTF')
  const u32 = (at: number) => view.getUint32(at, true)
  const header = u32(4)
  const types = header + u32(8)
  const typesEnd = types + u32(12)
  const strings = header + u32(16)
  const stringsEnd = strings + u32(20)

  const kindAt = (at: number) => (u32(at + 4) >>> 24) & 0x1f
  const lengthAt = (at: number) => u32(at + 4) & 0xffff
  const layoutAt = (at: number): Layout => {
    const layout = layouts[kindAt(at)]
    if (!layout) throw new Error(`unknown kind of type ${kindAt(at)}`)
    return layout
  }
  const bytesAt = (at: number) => {
    const { fixed = 0, each = 0 } = layoutAt(at)
    return typeBytes + fixed + each * lengthAt(at)
  }

  // Ids count from 1, in the order of the section; 0 is void.
  const positions: number[] = [0]
  for (let at = types; at < typesEnd; at += bytesAt(at)) positions.push(at)

  const kind = (id: number): number => {
    const at = positions[id]
    return at ? kindAt(at) : 0
  }
  const type = (id: number): BtfType => {
    const at = positions[id]
    if (!at) throw new Error(`no type ${id}`)
    const { fixed = 0, types = [], each = 0, eachName, eachType } = layoutAt(at)
    const elements = each === 0 ? [] : Array.from({ length: lengthAt(at) }, (_, index) => index)
    const ofEach = (within: number | undefined) =>
      within === undefined ? [] : elements.map((index) => at + typeBytes + fixed + index * each + within)
    return {
      at,
      length: bytesAt(at),
      names: [at, ...ofEach(eachName)],
      types: [...types.map((within) => at + within), ...ofEach(eachType)],
    }
  }

  const compounds = (name: string): number[] => {
    const found = bytes.indexOf(`\0${name}\0`, strings, 'latin1')
    if (found < 0 || found >= stringsEnd) return []
    const nameOffset = found + 1 - strings
    return positions.flatMap((at, id) =>
      id > 0 && u32(at) === nameOffset && isCompound(kindAt(at)) ? [id] : [],
    )
  }

  return {
    bytes,
    kind,
    type,
    compounds,
    u32,
    name: (offset) => bytes.toString('latin1', strings + offset, bytes.indexOf(0, strings + offset)),
  }
}
