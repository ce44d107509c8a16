import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
// @ts-expect-error: plain JavaScript, because it also runs before any package is installed
import { machines } from '../../../bpf/build.mjs'
import { missingForOthers } from './can-build.ts'

const bpf = join(import.meta.dirname, '../../../bpf')
const sources = readdirSync(bpf).filter((name) => /\.[ch]$/.test(name))
const read = (name: string) => readFileSync(join(bpf, name), 'utf8')

/** What iterators are given. */
const ofIterators = ['meta', 'task', 'link', 'file', 'key']

describe.each(sources)('%s', (name) => {
  it('reads registers by the names of libbpf, which are those of no machine', () => {
    const members = [...read(name).matchAll(/\b(?:ctx|regs)\)?->(\w+)/g)].map(([, member = '']) => member)
    const excused = name === 'caller.bpf.h' ? ['gprs'] : []
    expect(members.filter((member) => ![...ofIterators, ...excused].includes(member))).toEqual([])
  })
})

it('attaches the return probe of a function whose entry asks for the caller before the probe of the entry', () => {
  const sections = [...read('shadow.bpf.c').matchAll(/SEC\("(k\w+)\/(\w+)"\)/g)].map(
    ([, kind, of]) => `${kind} ${of}`,
  )
  const functions = sections.flatMap((section) => /^kretprobe (\w+)$/.exec(section)?.[1] ?? [])
  expect(functions.length).toBeGreaterThan(2)
  for (const of of functions)
    expect(sections.indexOf(`kretprobe ${of}`)).toBeLessThan(sections.indexOf(`kprobe ${of}`))
})

/** How a program finds where its function was called from, as BPF instructions. */
const returnAddress = (machine: string): string => {
  const { libbpf, target, triple } = machines[machine]
  const headers = machine === process.arch ? `/usr/include/${triple}` : `/usr/${triple}/include`
  const flags = ['-O2', '-target', target, `-D__TARGET_ARCH_${libbpf}`, '-I', bpf, '-idirafter', headers]
  const input = '#include "caller.bpf.h"\n__u64 asked(struct pt_regs *ctx) { return return_address(ctx); }\n'
  const text = execFileSync('clang', [...flags, '-S', '-o', '-', '-x', 'c', '-'], { input, encoding: 'utf8' })
  return /^asked:([\s\S]*?)\texit/m.exec(text)?.[1] ?? ''
}

describe.skipIf(missingForOthers)('the address a call returns to', () => {
  it('is read from the stack on x86-64', () => {
    // sp, then bpf_probe_read_kernel()
    expect(returnAddress('x64')).toMatch(/= \*\(u64 \*\)\(r1 \+ 152\)[\s\S]*call 113\n/)
  })

  it('is in register 30 on arm64', () => {
    expect(returnAddress('arm64').match(/(\*\(u64 .*|call .*)/g)).toEqual(['*(u64 *)(r1 + 240)'])
  })

  it('is in register 14 on s390x', () => {
    expect(returnAddress('s390x').match(/(\*\(u64 .*|call .*)/g)).toEqual(['*(u64 *)(r1 + 136)'])
  })
})
