import { readFileSync } from 'node:fs'
import { subsetOf } from './btf-subset.ts'
import { isCompound, kinds, readBtfTypes } from './btf-types.ts'

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
  /** A smaller BTF; see subsetOf. Null when the kernel has none at all. */
  subset: (structs: readonly string[], pointers: number) => Buffer | null
}

/** BTF of the running kernel; one that knows nothing where it has none (no CONFIG_DEBUG_INFO_BTF). */
export const readBtf = (file = '/sys/kernel/btf/vmlinux'): Btf => {
  try {
    return parseBtf(readFileSync(file))
  } catch {
    return { offsetOf: () => null, sizeOf: () => null, hasField: () => false, subset: () => null }
  }
}

/** Kinds that only stand for another type: PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG. */
const wrappingKinds: number[] = [kinds.ptr, 8, 9, 10, 11, 18]

type Member = { name: string; typeId: number; offsetBits: number; bitField: boolean }

/** @throws Error when it is not BTF, or has a kind of type unknown here */
export const parseBtf = (bytes: Buffer): Btf => {
  const btf = readBtfTypes(bytes)

  const membersOf = (id: number): Member[] => {
    const { at, names } = btf.type(id)
    const packed = btf.u32(at + 4) >>> 31 === 1
    return names.slice(1).map((member) => {
      const offset = btf.u32(member + 8)
      return {
        name: btf.name(btf.u32(member)),
        typeId: btf.u32(member + 4),
        offsetBits: packed ? offset & 0xffffff : offset,
        bitField: packed && offset >>> 24 !== 0,
      }
    })
  }

  const bitsOf = (id: number, field: string): number | null => {
    for (const member of membersOf(id)) {
      if (member.name === field) return member.bitField ? null : member.offsetBits
      if (member.name !== '') continue
      const within = isCompound(btf.kind(member.typeId)) ? bitsOf(member.typeId, field) : null
      if (within !== null) return member.offsetBits + within
    }
    return null
  }

  const memberOf = (id: number, field: string): Member | null => {
    if (id === 0) return null
    for (const member of membersOf(id)) {
      if (member.name === field) return member
      const inner = member.name === '' ? memberOf(compoundBehind(member.typeId), field) : null
      if (inner) return inner
    }
    return null
  }
  /** The structure that a type is, or points to; 0, which has no members, when it is none. */
  const compoundBehind = (id: number): number => {
    const kind = btf.kind(id)
    if (isCompound(kind)) return id
    return wrappingKinds.includes(kind) ? compoundBehind(btf.u32(btf.type(id).at + 8)) : 0
  }
  const hasPath = (id: number, [field, ...further]: string[]): boolean => {
    if (field === undefined) return true
    const member = memberOf(id, field)
    return member !== null && hasPath(compoundBehind(member.typeId), further)
  }

  const known = new Map<string, number | null>()
  const structOf = (name: string): number | null => {
    const id = known.has(name) ? (known.get(name) ?? null) : (btf.compounds(name)[0] ?? null)
    known.set(name, id)
    return id
  }
  const offsetOf = (struct: string, field: string): number | null => {
    const id = structOf(struct)
    const bits = id === null ? null : bitsOf(id, field)
    return bits === null || bits % 8 !== 0 ? null : bits / 8
  }
  return {
    offsetOf,
    sizeOf: (struct) => {
      const id = structOf(struct)
      return id === null ? null : btf.u32(btf.type(id).at + 8)
    },
    hasField: (struct, path) => hasPath(structOf(struct) ?? 0, path.split(/->|\./)),
    subset: (structs, pointers) => subsetOf(btf, structs, pointers),
  }
}
