import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ProbeSet } from '../../../daemon/probes/probe-set.ts'
import { probeSets } from '../../../daemon/probes/probe-sets.ts'
import { generateScript, readyRecord, type ScriptHost } from '../../../daemon/sources/script.ts'

const bpfDir = join(import.meta.dirname, '../../../bpf')
const source = (stem: string): string => readFileSync(join(bpfDir, `${stem}.bt`), 'utf8')

const knowingBtf = { offsetOf: () => 24, sizeOf: () => 48, hasField: () => true }

const host = (missing: string[] = [], own: Partial<ScriptHost> = {}): ScriptHost => ({
  hasFunction: (name) => !missing.includes(name),
  addressOf: () => 0xffffffff81234560n,
  btf: knowingBtf,
  cpus: 3,
  streamPerS: 123,
  ...own,
})
const withoutComments = (text: string): string => text.replaceAll(/^ *\/\/.*\n/gm, '')
const generate = (own = host(), sets = probeSets) => {
  const script = generateScript(bpfDir, sets, own)
  return { ...script, code: withoutComments(script.text) }
}
/** Attach points of a script, sorted. */
const pointsOf = (text: string): string[] => (text.match(/^k(?:ret)?probe:\w+/gm) ?? []).sort()
const functionsIn = (text: string): string[] => [
  ...new Set(pointsOf(text).map((point) => point.replace(/^\w+:/, ''))),
]
const balanced = (text: string): boolean => {
  let depth = 0
  for (const char of text.replaceAll(/"[^"]*"/g, '')) {
    if (char === '{') depth++
    if (char === '}' && --depth < 0) return false
  }
  return depth === 0
}

describe('on a kernel that has everything', () => {
  const { code, probeSets: reported } = generate()

  it('holds every attach point of every file, in one piece each', () => {
    expect(pointsOf(code)).toEqual(pointsOf(probeSets.map((set) => source(set.stem)).join('\n')))
    expect(reported).toEqual(probeSets.map((set) => ({ name: set.stem, available: true })))
    expect(balanced(code)).toBe(true)
  })

  it('gives each attach point a block of its own: bpftrace 0.17 mixes up those of two lists', () =>
    expect(code.match(/^k(?:ret)?probe:\w+,$/m)).toBeNull())

  it('has no placeholder left', () => {
    expect(code.match(/KLPSCOPE_\w+/)).toBeNull()
    expect(code).toContain('< 123)')
    expect(code).toContain('< 3)')
  })

  it('asks bpftrace for no symbol: each kaddr() there reads all of kallsyms', () => {
    expect(source('tasks')).toContain('kaddr("')
    expect(code.includes('kaddr(')).toBe(false)
    // 0xffffffff81234560 as old versions can parse it.
    expect(code.includes('kptr((uint64)(-2128394912))')).toBe(true)
  })

  it('has one BEGIN: bpftrace before 0.18 refuses a second', () =>
    expect(code.match(/^BEGIN\b/gm)).toHaveLength(1))

  it('says when it is ready', () => expect(code).toContain(`print(("${readyRecord}", `))
})

it('a symbol whose address the kernel does not tell is left to bpftrace', () => {
  const { code } = generate(host([], { addressOf: (name) => (name === 'klp_shadow_hash' ? null : 0x1000n) }))
  expect(code).toContain('kaddr("klp_shadow_hash")')
  expect(code).not.toContain('kaddr("klp_target_state")')
})

it('a set whose layout BTF does not know is left out and reported, the others stay', () => {
  const needing = probeSets.filter((set) => /KLPSCOPE_(OFFSET|SIZE)/.test(source(set.stem)))
  const btf = { offsetOf: () => null, sizeOf: () => null, hasField: () => false }
  const { code, probeSets: reported } = generate(host([], { btf }))
  expect(reported.filter(({ available }) => !available).map(({ name }) => name)).toEqual(
    needing.map((set) => set.stem),
  )
  expect(code.match(/KLPSCOPE_\w+/)).toBeNull()
})

describe('on a kernel that lacks a function', () => {
  const needed = [...new Set(probeSets.flatMap((set) => set.needs))]

  it.each(needed)(
    'without %s the sets that need it are left out whole and reported, the others stay',
    (need) => {
      const { code, probeSets: reported } = generate(host([need]))
      const needing = probeSets.filter((set) => set.needs.includes(need)).map((set) => set.stem)
      const out = reported.filter(({ available }) => !available)
      expect(out.map(({ name }) => name)).toEqual(needing)
      for (const { reason, remedy } of out) {
        expect(reason).toContain(need)
        expect(remedy).toBeTruthy()
      }
      const others = probeSets.filter((set) => !needing.includes(set.stem)).map((set) => source(set.stem))
      const stay = pointsOf(others.join('\n')).filter((point) => !point.endsWith(`:${need}`))
      expect(pointsOf(code)).toEqual(stay)
    },
  )

  const optional = [...new Set(probeSets.flatMap((set) => functionsIn(source(set.stem))))].filter(
    (name) => !needed.includes(name),
  )
  it('(there are some that no set needs)', () => expect(optional.length).toBeGreaterThan(4))

  it.each(optional)('without %s only its blocks are missing', (name) => {
    const { code, probeSets: reported } = generate(host([name]))
    const all = generate().code
    expect(reported.every(({ available }) => available)).toBe(true)
    expect(code).not.toMatch(new RegExp(`probe:${name}\\b`))
    expect(pointsOf(code)).toEqual(pointsOf(all).filter((point) => !point.endsWith(`:${name}`)))
    expect(balanced(code)).toBe(true)
    // No body without an attach point above it.
    expect(code).not.toMatch(/^}\n+{/m)
  })

  it('a block on two functions keeps the one that is there, with its filter and body', () => {
    const unneeded = probeSets.map((set): ProbeSet => ({ ...set, needs: [] }))
    const code = generate(host(['klp_shadow_alloc']), unneeded).code
    expect(code).toMatch(/^kprobe:klp_shadow_get_or_alloc\n{\n {2}\$bucket/m)
    expect(code).toMatch(/^kretprobe:klp_shadow_get_or_alloc\n\/@alloc_called\[curtask\] != 0\/\n{/m)
    const other = generate(host(['klp_shadow_get_or_alloc']), unneeded).code
    expect(other).toMatch(/^kprobe:klp_shadow_alloc\n{\n {2}\$bucket/m)
    expect(other).not.toMatch(/probe:\w+,\n(?!k)/)
  })

  it('with none of them there is only the ready record left', () => {
    const { code, probeSets: reported } = generate(host([], { hasFunction: () => false }))
    expect(pointsOf(code)).toEqual([])
    expect(code.trim()).toMatch(/^BEGIN \{.*\}$/)
    expect(reported.every(({ available }) => !available)).toBe(true)
  })
})

describe('each .bt file', () => {
  it.each(probeSets.map((set) => [set.stem, set] as const))(
    '%s prints what its decoder reads',
    (stem, set) => {
      const code = withoutComments(source(stem))
      const records = new Set([...code.matchAll(/print\(\("([^"]+)"/g)].map((match) => match[1] ?? ''))
      expect([...records].sort()).toEqual(Object.keys(set.records).sort())
      for (const map of [...code.matchAll(/print\((@\w+)\)/g)].map((match) => match[1] ?? '')) {
        expect(probeSets.flatMap((other) => other.maps)).toContain(map)
      }
      for (const name of set.needs) expect(functionsIn(code)).toContain(name)
    },
  )

  it('belongs to a probe set, or is run by a bpftrace of its own', () => {
    const stems = readdirSync(bpfDir).flatMap((file) => (file.endsWith('.bt') ? [file.slice(0, -3)] : []))
    expect(stems.sort()).toEqual(
      [...probeSets.map((set) => set.stem), 'task-iterator', 'function-calls'].sort(),
    )
  })
})

describe('bpftrace itself', () => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-script-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const installed = spawnSync('bpftrace', ['--version']).status === 0

  // Parsing only: types, kernel functions and attaching need the kernel itself and are the lab's business.
  it.skipIf(!installed || process.getuid?.() !== 0).each([
    ['everything', []],
    ['what is left without optional functions', ['klp_force_transition', 'klp_shadow_free_all']],
  ])('parses %s', (_, missing) => {
    const file = join(dir, 'script.bt')
    writeFileSync(file, generate(host(missing)).text)
    const run = () =>
      execFileSync('bpftrace', ['--dry-run', '-d', 'ast', file], { encoding: 'utf8', stdio: 'pipe' })
    let output: string
    try {
      output = run()
    } catch (error) {
      output = String((error as { stderr?: string }).stderr)
    }
    expect(output).not.toMatch(/syntax error|unexpected/i)
  })
})
