import { type BtfTypes, kinds } from './btf-types.ts'

const headerBytes = 24

/**
 * BTF of some structures and all they consist of. A pointer leads on to what it points to, and that to what it points
 * to, so many times; any further one is a `void *`, as is every pointer to a function.
 * @param structs names as in C, without `struct`; those that do not exist are left out
 */
export const subsetOf = (btf: BtfTypes, structs: readonly string[], pointers: number): Buffer => {
  const newIds = new Map<number, number>()
  let beyond: number[] = []
  const keep = (id: number): void => {
    const kind = btf.kind(id)
    if (kind === 0 || kind === kinds.funcProto || newIds.has(id)) return
    newIds.set(id, newIds.size + 1)
    for (const at of btf.type(id).types) {
      const other = btf.u32(at)
      if (kind === kinds.ptr) beyond.push(other)
      else keep(other)
    }
  }
  structs.flatMap(btf.compounds).forEach(keep)
  for (let step = 0; step < pointers; step++) {
    const next = beyond
    beyond = []
    next.forEach(keep)
  }

  const newNames = new Map<string, number>([['', 0]])
  let stringBytes = 1
  const keepName = (name: string): number => {
    const known = newNames.get(name)
    if (known !== undefined) return known
    newNames.set(name, stringBytes)
    stringBytes += name.length + 1
    return stringBytes - name.length - 1
  }
  const types = Buffer.concat(
    [...newIds.keys()].map((id) => {
      const { at, length, names, types } = btf.type(id)
      const copy = Buffer.from(btf.bytes.subarray(at, at + length))
      for (const name of names) copy.writeUInt32LE(keepName(btf.name(btf.u32(name))), name - at)
      for (const type of types) copy.writeUInt32LE(newIds.get(btf.u32(type)) ?? 0, type - at)
      return copy
    }),
  )
  const strings = Buffer.from(`${[...newNames.keys()].join('\0')}\0`, 'latin1')
  const header = Buffer.from(btf.bytes.subarray(0, headerBytes))
  header.writeUInt32LE(headerBytes, 4)
  // Offsets are from the header's end: the types, then the strings.
  for (const [index, value] of [0, types.length, types.length, strings.length].entries()) {
    header.writeUInt32LE(value, 8 + 4 * index)
  }
  return Buffer.concat([header, types, strings])
}
