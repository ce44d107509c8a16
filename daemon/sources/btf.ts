import { readFileSync } from 'node:fs'

/**
 * Layout of kernel structures as the kernel's own type information tells it. Names as in C, without `struct`;
 * a member of an anonymous struct or union counts as the outer one's. Offsets and sizes in bytes.
 */
export type Btf = {
  /** Null when the kernel has no such structure or field, or the field is a bit field. */
  offsetOf: (struct: string, field: string) => number | null
  sizeOf: (struct: string) => number | null
  /** Whether it has such a field; `path` may go on through pointers and inner structures: `real_parent->tgid`. */
  hasField: (struct: string, path: string) => boolean
}

/** BTF of the running kernel; one that knows nothing where it has none (no CONFIG_DEBUG_INFO_BTF). */
export const readBtf = (file = '/sys/kernel/btf/vmlinux'): Btf => {
  try {
    return parseBtf(readFileSync(file))
  } catch {
    return { offsetOf: () => null, sizeOf: () => null, hasField: () => false }
  }
}

const magic = 0xeb9f
/** Kinds of types by their number in include/uapi/linux/btf.h. */
const structKind = 4
const unionKind = 5
/** Kinds that only stand for another type: PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG. */
const wrappingKinds = [2, 8, 9, 10, 11, 18]
const typeBytes = 12
const memberBytes = 12
/** Bytes that follow a type, by kind: a fixed number, and one per element. */
const trailing: Record<number, { fixed?: number; each?: number }> = {
  1: { fixed: 4 }, // INT
  2: {}, // PTR
  3: { fixed: 12 }, // ARRAY
  [structKind]: { each: memberBytes },
  [unionKind]: { each: memberBytes },
  6: { each: 8 }, // ENUM
  7: {}, // FWD
  8: {}, // TYPEDEF
  9: {}, // VOLATILE
  10: {}, // CONST
  11: {}, // RESTRICT
  12: {}, // FUNC
  13: { each: 8 }, // FUNC_PROTO
  14: { fixed: 4 }, // VAR
  15: { each: 12 }, // DATASEC
  16: {}, // FLOAT
  17: { fixed: 4 }, // DECL_TAG
  18: {}, // TYPE_TAG
  19: { each: 12 }, // ENUM64
}

type Member = { name: string; typeId: number; offsetBits: number; bitField: boolean }

/**
 * Reads BTF in this machine's byte order. Source: Documentation/bpf/btf.rst.
 * @throws Error when it is not BTF, or has a kind of type unknown here
 */
export const parseBtf = (bytes: Buffer): Btf => {
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
  const nameAt = (offset: number) =>
    bytes.toString('latin1', strings + offset, bytes.indexOf(0, strings + offset))

  // Type ids count from 1, in the order of the section.
  const positions: number[] = [0]
  for (let at = types; at < typesEnd; ) {
    positions.push(at)
    const after = trailing[kindAt(at)]
    if (!after) throw new Error(`unknown kind of type ${kindAt(at)}`)
    at += typeBytes + (after.fixed ?? 0) + (after.each ?? 0) * lengthAt(at)
  }

  const findStruct = (name: string): number | null => {
    const found = bytes.indexOf(`\0${name}\0`, strings, 'latin1')
    if (found < 0 || found >= stringsEnd) return null
    const nameOffset = found + 1 - strings
    return positions.find((at) => at > 0 && u32(at) === nameOffset && isCompound(at)) ?? null
  }
  const isCompound = (at: number) => kindAt(at) === structKind || kindAt(at) === unionKind

  const membersAt = (at: number): Member[] => {
    const packed = u32(at + 4) >>> 31 === 1
    return Array.from({ length: lengthAt(at) }, (_, index) => {
      const member = at + typeBytes + index * memberBytes
      const offset = u32(member + 8)
      return {
        name: nameAt(u32(member)),
        typeId: u32(member + 4),
        offsetBits: packed ? offset & 0xffffff : offset,
        bitField: packed && offset >>> 24 !== 0,
      }
    })
  }

  const bitsOf = (at: number, field: string): number | null => {
    for (const member of membersAt(at)) {
      if (member.name === field) return member.bitField ? null : member.offsetBits
      if (member.name !== '') continue
      const inner = positions[member.typeId] ?? 0
      const within = isCompound(inner) ? bitsOf(inner, field) : null
      if (within !== null) return member.offsetBits + within
    }
    return null
  }

  const memberOf = (at: number, field: string): Member | null => {
    if (at === 0) return null
    for (const member of membersAt(at)) {
      if (member.name === field) return member
      const inner = member.name === '' ? memberOf(compoundBehind(member.typeId), field) : null
      if (inner) return inner
    }
    return null
  }
  /** Position of the structure that a type is, or points to; 0, which has no members, when it is none. */
  const compoundBehind = (typeId: number): number => {
    const at = positions[typeId] ?? 0
    if (at === 0 || isCompound(at)) return at
    return wrappingKinds.includes(kindAt(at)) ? compoundBehind(u32(at + 8)) : 0
  }
  const hasPath = (at: number, [field, ...further]: string[]): boolean => {
    if (field === undefined) return true
    const member = memberOf(at, field)
    return member !== null && hasPath(compoundBehind(member.typeId), further)
  }

  const known = new Map<string, number | null>()
  const structAt = (name: string): number | null => {
    const at = known.has(name) ? (known.get(name) ?? null) : findStruct(name)
    known.set(name, at)
    return at
  }
  const offsetOf = (struct: string, field: string): number | null => {
    const at = structAt(struct)
    const bits = at === null ? null : bitsOf(at, field)
    return bits === null || bits % 8 !== 0 ? null : bits / 8
  }
  return {
    offsetOf,
    sizeOf: (struct) => {
      const at = structAt(struct)
      return at === null ? null : u32(at + 8)
    },
    hasField: (struct, path) => hasPath(structAt(struct) ?? 0, path.split(/->|\./)),
  }
}
