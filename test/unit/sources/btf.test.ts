import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseBtf, readBtf } from '../../../daemon/sources/btf.ts'

const vmlinux = '/sys/kernel/btf/vmlinux'
const bpftool = '/usr/sbin/bpftool'

/** Bytes of a BTF with one struct: { int a; union { int b; }; unsigned c : 3; }. */
const tinyBtf = (): Buffer => {
  const strings = '\0int\0s\0a\0b\0c\0'
  const at = (name: string) => strings.indexOf(`\0${name}\0`) + 1
  const info = (kind: number, length = 0, flag = 0) => ((flag << 31) | (kind << 24) | length) >>> 0
  const types = [
    [at('int'), info(1), 4, 32],
    [0, info(5, 1), 4, at('b'), 1, 0],
    [at('s'), info(4, 3, 1), 12, at('a'), 1, 0, 0, 2, 32, at('c'), 1, (3 << 24) | 64],
  ].flat()
  const header = [0x0001eb9f, 24, 0, types.length * 4, types.length * 4, strings.length]
  const words = Buffer.alloc((header.length + types.length) * 4)
  for (const [index, word] of [...header, ...types].entries()) words.writeUInt32LE(word >>> 0, index * 4)
  return Buffer.concat([words, Buffer.from(strings, 'latin1')])
}

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
