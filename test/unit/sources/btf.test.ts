import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseBtf, readBtf } from '../../../daemon/sources/btf.ts'
import { subsetOf } from '../../../daemon/sources/btf-subset.ts'
import { kinds, readBtfTypes } from '../../../daemon/sources/btf-types.ts'

const vmlinux = '/sys/kernel/btf/vmlinux'
const bpftool = '/usr/sbin/bpftool'

const info = (kind: number, length = 0, flag = 0) => ((flag << 31) | (kind << 24) | length) >>> 0

/** Bytes of a BTF; `typesOf` gets where in the strings a name stands. */
const build = (names: string[], typesOf: (at: (name: string) => number) => number[][]): Buffer => {
  const strings = `\0${names.join('\0')}\0`
  const types = typesOf((name) => strings.indexOf(`\0${name}\0`) + 1).flat()
  const header = [0x0001eb9f, 24, 0, types.length * 4, types.length * 4, strings.length]
  const words = Buffer.alloc((header.length + types.length) * 4)
  for (const [index, word] of [...header, ...types].entries()) words.writeUInt32LE(word >>> 0, index * 4)
  return Buffer.concat([words, Buffer.from(strings, 'latin1')])
}

/** One struct: { int a; union { int b; }; unsigned c : 3; }. */
const tinyBtf = (): Buffer =>
  build(['int', 's', 'a', 'b', 'c'], (at) => [
    [at('int'), info(1), 4, 32],
    [0, info(5, 1), 4, at('b'), 1, 0],
    [at('s'), info(4, 3, 1), 12, at('a'), 1, 0, 0, 2, 32, at('c'), 1, (3 << 24) | 64],
  ])

/** first -> second -> third, by their field `to`; first also has a function, and an array of other. */
const chainBtf = (): Buffer =>
  build(['int', 'unrelated', 'first', 'second', 'third', 'other', 'to', 'function', 'many', 'x'], (at) => [
    [at('int'), info(1), 4, 32],
    [at('unrelated'), info(4, 1), 4, at('x'), 1, 0],
    [at('first'), info(4, 3), 24, at('to'), 4, 0, at('function'), 8, 64, at('many'), 10, 128],
    [0, info(2), 5],
    [at('second'), info(4, 1), 8, at('to'), 6, 0],
    [0, info(2), 7],
    [at('third'), info(4, 1), 4, at('x'), 1, 0],
    [0, info(2), 9],
    [0, info(13, 1), 1, at('x'), 1],
    [0, info(3), 0, 11, 1, 2],
    [at('other'), info(4, 1), 4, at('x'), 1, 0],
  ])

describe('a subset of a BTF', () => {
  const subset = (structs: string[], pointers: number) =>
    parseBtf(subsetOf(readBtfTypes(chainBtf()), structs, pointers))

  it('has the same layout as the whole, and what each structure consists of', () => {
    const btf = subset(['first'], 0)
    expect(btf.sizeOf('first')).toBe(24)
    expect(btf.offsetOf('first', 'many')).toBe(16)
    expect(btf.offsetOf('other', 'x')).toBe(0)
  })

  it('goes on through so many pointers, and ends in void', () => {
    expect([0, 1, 2].map((pointers) => subset(['first'], pointers).hasField('first', 'to->to'))).toEqual([
      false,
      true,
      true,
    ])
    expect([1, 2].map((pointers) => subset(['first'], pointers).hasField('first', 'to->to->x'))).toEqual([
      false,
      true,
    ])
  })

  it('leaves out what is not asked for, and functions', () => {
    expect(subset(['first', 'nosuch'], 9).sizeOf('unrelated')).toBeNull()
    const types = readBtfTypes(subsetOf(readBtfTypes(chainBtf()), ['first'], 9))
    const ids: number[] = []
    while (types.kind(ids.length + 1) !== 0) ids.push(ids.length + 1)
    expect(ids).toHaveLength(9)
    expect(ids.map(types.kind)).not.toContain(kinds.funcProto)
    expect(ids.flatMap((id) => types.type(id).types.map(types.u32)).every((id) => id <= ids.length)).toBe(
      true,
    )
  })
})

describe('a BTF', () => {
  const btf = parseBtf(tinyBtf())

  it('tells offsets in bytes, through anonymous unions too', () => {
    expect(btf.offsetOf('s', 'a')).toBe(0)
    expect(btf.offsetOf('s', 'b')).toBe(4)
    expect(btf.sizeOf('s')).toBe(12)
  })

  it('knows nothing of what is not there, and no offset of a bit field', () => {
    expect(btf.offsetOf('s', 'd')).toBeNull()
    expect(btf.offsetOf('t', 'a')).toBeNull()
    expect(btf.sizeOf('t')).toBeNull()
    expect(btf.offsetOf('s', 'c')).toBeNull()
    expect(btf.hasField('s', 'a')).toBe(true)
    expect(btf.hasField('s', 'd')).toBe(false)
  })

  it('that is none is refused', () => {
    expect(() => parseBtf(Buffer.alloc(64))).toThrow('not little-endian BTF')
  })

  it('that cannot be read knows nothing', () => {
    expect(readBtf('/nonexistent').sizeOf('task_struct')).toBeNull()
  })
})

describe.runIf(existsSync(vmlinux))('the BTF of this kernel', () => {
  const btf = readBtf(vmlinux)

  it('has what every kernel has', () => {
    expect(btf.offsetOf('list_head', 'prev')).toBe(8)
    expect(btf.sizeOf('list_head')).toBe(16)
    expect(btf.offsetOf('page', 'lru')).toBe(8)
  })

  it('follows a path through pointers, typedefs and inner structures', () => {
    for (const path of [
      'real_parent->tgid',
      'thread_info.flags',
      'mm->mmap_lock',
      'signal->shared_pending.signal',
    ])
      expect(btf.hasField('task_struct', path), path).toBe(true)
    for (const path of ['real_parent->nosuch', 'pid.tgid', 'nosuch->tgid', 'comm.x'])
      expect(btf.hasField('task_struct', path), path).toBe(false)
  })

  it.runIf(existsSync(bpftool))('agrees with bpftool on task_struct', () => {
    const dump = execFileSync(bpftool, ['btf', 'dump', 'file', vmlinux], { maxBuffer: 1e9, encoding: 'utf8' })
    const struct = /STRUCT 'task_struct' size=(\d+) [\s\S]*?'pid' type_id=\d+ bits_offset=(\d+)/.exec(dump)
    expect(btf.sizeOf('task_struct')).toBe(Number(struct?.[1]))
    expect(btf.offsetOf('task_struct', 'pid')).toBe(Number(struct?.[2]) / 8)
  })
})
