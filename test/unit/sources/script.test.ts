import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { mapsOfRecords, tuplesOfRecords } from '../../../daemon/probes/bpftrace-records.ts'
import { probeSets } from '../../../daemon/probes/probe-sets.ts'
import { parseProbeFile } from '../../../daemon/sources/probe-file.ts'
import { generateScript, readyRecord, type ScriptHost, type Without } from '../../../daemon/sources/script.ts'

const bpfDir = join(import.meta.dirname, '../../../bpf')
const source = (stem: string): string => readFileSync(join(bpfDir, `${stem}.bt`), 'utf8')

const knowingBtf = { offsetOf: () => 24, sizeOf: () => 48, hasField: () => true, subset: () => null }

const host = (missing: string[] = [], own: Partial<ScriptHost> = {}): ScriptHost => ({
  hasFunction: (name) => !missing.includes(name),
  addressOf: () => 0xffffffff81234560n,
  btf: knowingBtf,
  cpus: 3,
  streamPerS: 123,
  shadowCheckS: 7,
  ...own,
})
const withoutComments = (text: string): string => text.replaceAll(/^ *\/\/.*\n/gm, '')
const generate = (own = host(), without: Without = new Map()) => {
  const script = generateScript(bpfDir, probeSets, own, without)
  return { ...script, code: withoutComments(script.text) }
}
/** Attach points of a script, sorted. */
const pointsOf = (text: string): string[] => (text.match(/^k(?:ret)?probe:\w+/gm) ?? []).sort()
const functionsIn = (text: string): string[] => [
  ...new Set(pointsOf(text).map((point) => point.replace(/^\w+:/, ''))),
]
const lossesOf = (stem: string) => parseProbeFile(source(stem)).losses
/** Functions that a set cannot do without: it loses nothing less than itself. */
const essentialOf = (stem: string): string[] =>
  functionsIn(source(stem)).filter((name) => !lossesOf(stem).has(name))
/** Maps that some block reads and none fills: bpftrace refuses such a script. */
const unfilledMaps = (code: string): string[] => {
  const filled = new Set([...code.matchAll(/(@\w+)(?:\[[^;{}]*?\])? = /g)].map((match) => match[1]))
  const used = new Set([...code.matchAll(/@\w+/g)].map((match) => match[0]))
  return [...used].filter((map) => !filled.has(map))
}
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

  it('asks for the types that it names, and for what bpftrace takes the current task for', () => {
    const subset = vi.fn(() => Buffer.from('some BTF'))
    const { btf } = generate(host([], { btf: { ...knowingBtf, subset } }))
    expect(btf?.toString()).toBe('some BTF')
    const [structs] = subset.mock.lastCall as unknown as [string[]]
    expect(structs.sort()).toEqual(
      expect.arrayContaining(['klp_func', 'klp_object', 'klp_patch', 'klp_shadow', 'module', 'task_struct']),
    )
  })

  it('fills every map that it reads', () => expect(unfilledMaps(code)).toEqual([]))

  it('has one BEGIN: bpftrace before 0.18 refuses a second', () =>
    expect(code.match(/^BEGIN\b/gm)).toHaveLength(1))

  it('says when it is ready', () => expect(code).toContain(`print(("${readyRecord}", `))
})

describe('a symbol whose address the kernel does not tell', () => {
  const lacking = (symbol: string) =>
    generate(host([], { addressOf: (name) => (name === symbol ? null : 0x1000n) }))

  it('costs the set to which it is essential', () => {
    const { code, probeSets: reported } = lacking('klp_shadow_hash')
    expect(reported.filter(({ available }) => !available)).toMatchObject([
      {
        name: 'shadow',
        reason: expect.stringMatching(/klp_shadow_hash/),
        remedy: expect.stringMatching(/./),
      },
    ])
    expect(code).not.toContain('kaddr(')
  })

  it('costs one feature otherwise, by its own name or that of the function where it is read', () => {
    for (const [symbol, name, stem] of [
      ['runqueues', 'runqueues', 'tasks'],
      ['__per_cpu_offset', 'runqueues', 'tasks'],
      ['klp_signals_cnt', 'klp_try_complete_transition', 'tasks'],
      ['klp_shadow_lock', 'klp_shadow_lock', 'shadow'],
    ] as const) {
      const { code, probeSets: reported } = lacking(symbol)
      expect(reported.every(({ available }) => available)).toBe(true)
      expect(reported.flatMap(({ lost = [] }) => lost)).toMatchObject([
        { name, loss: lossesOf(stem).get(name), reason: expect.stringContaining(symbol) },
      ])
      expect(code).not.toContain('kaddr(')
      expect(code).toContain('"tasks.tick"')
      expect(unfilledMaps(code)).toEqual([])
    }
  })
})

describe('a field that BTF does not know', () => {
  const lacking = (field: string) =>
    generate(host([], { btf: { ...knowingBtf, hasField: (struct, path) => `${struct}.${path}` !== field } }))
      .probeSets

  it('costs the set to which it is essential', () =>
    expect(lacking('klp_shadow.node.next').filter(({ available }) => !available)).toMatchObject([
      { name: 'shadow', reason: expect.stringMatching(/klp_shadow\.node\.next/) },
    ]))

  it.each([
    ['rq.idle->patch_state', 'runqueues'],
    ['task_struct.real_parent->tgid', 'klp_init_transition'],
    ['task_struct.patch_state', 'klp_update_patch_state', 'klp_copy_process'],
    ['kobject.name', 'klp_kobj_release_patch'],
  ])('%s costs what reads it otherwise', (field, ...names) => {
    const reported = lacking(field)
    expect(reported.every(({ available }) => available)).toBe(true)
    expect(reported.flatMap(({ lost = [] }) => lost)).toMatchObject(
      names.map((name) => ({ name, reason: expect.stringContaining(field) })),
    )
  })

  it('all of them together, where there is no BTF, leave nothing', () => {
    const btf = { offsetOf: () => null, sizeOf: () => null, hasField: () => false, subset: () => null }
    const { code, probeSets: reported } = generate(host([], { btf }))
    expect(reported.some(({ available }) => available)).toBe(false)
    expect(code.match(/KLPSCOPE_\w+/)).toBeNull()
  })
})

describe('what bpftrace could not attach', () => {
  it('is left out where it is named: a function everywhere, a block, a set', () => {
    const words = 'bpftrace could not attach it'
    const out = (name: string) => generate(host(), new Map([[name, words]]))
    const force = out('klp_force_transition')
    expect(pointsOf(force.code)).not.toContain('kprobe:klp_force_transition')
    expect(force.probeSets[0]).toMatchObject({
      available: true,
      lost: [{ name: 'klp_force_transition', loss: 'that a transition was forced', reason: words }],
    })
    const { blocks } = generate()
    const timer = blocks.find(({ set, function: name }) => set === 'shadow' && name === null)
    expect(out(timer?.name ?? '').probeSets.at(-1)).toMatchObject({ name: 'shadow', available: false })
    expect(out('inventory').probeSets.filter(({ available }) => !available)).toMatchObject([
      { name: 'inventory', reason: expect.stringContaining(words) },
    ])
  })

  it('can be found by the line it stands in', () => {
    const { text, blocks } = generate()
    const lines = text.split('\n')
    for (const [index, block] of blocks.entries()) {
      const end = blocks[index + 1]?.line ?? lines.length
      const own = lines.slice(block.line - 1, end - 1).join('\n')
      if (block.function === null) expect(own).toMatch(/^interval:/m)
      else expect(functionsIn(own)).toEqual([block.function])
    }
  })
})

describe('on a kernel that lacks a function', () => {
  const needed = [...new Set(probeSets.flatMap((set) => essentialOf(set.stem)))]

  it.each(needed)(
    'without %s the sets that need it are left out whole and reported, the others stay',
    (need) => {
      const { code, probeSets: reported } = generate(host([need]))
      const needing = probeSets.filter((set) => essentialOf(set.stem).includes(need)).map((set) => set.stem)
      const out = reported.filter(({ available }) => !available)
      expect(out.map(({ name }) => name)).toEqual(needing)
      for (const { reason, remedy } of out) {
        expect(reason).toContain(need)
        expect(remedy).toBeTruthy()
      }
      const others = probeSets.filter((set) => !needing.includes(set.stem)).map((set) => source(set.stem))
      const stay = pointsOf(others.join('\n')).filter((point) => !point.endsWith(`:${need}`))
      expect(pointsOf(code)).toEqual(stay)
      expect(unfilledMaps(code)).toEqual([])
    },
  )

  const optional = [...new Set(probeSets.flatMap((set) => functionsIn(source(set.stem))))].filter(
    (name) => !needed.includes(name),
  )
  it('(there are some that are essential to no set)', () => expect(optional.length).toBeGreaterThan(4))

  it.each(optional)('without %s only its blocks are missing, and what is lost is said', (name) => {
    const { code, probeSets: reported } = generate(host([name]))
    const all = generate().code
    expect(reported.every(({ available }) => available)).toBe(true)
    for (const { name: stem, lost = [] } of reported) {
      const loss = lossesOf(stem).get(name)
      expect(lost).toMatchObject(loss === undefined ? [] : [{ name, loss }])
    }
    expect(reported.some(({ lost }) => lost)).toBe(true)
    expect(unfilledMaps(code)).toEqual([])
    expect(code).not.toMatch(new RegExp(`probe:${name}\\b`))
    expect(pointsOf(code)).toEqual(pointsOf(all).filter((point) => !point.endsWith(`:${name}`)))
    expect(balanced(code)).toBe(true)
    // No body without an attach point above it.
    expect(code).not.toMatch(/^}\n+{/m)
  })

  it('a block on several functions keeps those that are there, with its filter and body', () => {
    const { code } = generate(host(['klp_free_patch_work_fn', 'klp_module_going']))
    for (const point of ['kprobe:klp_kobj_release_patch', 'kretprobe:klp_module_coming'])
      expect(code).toContain(`${point}\n{\n  @inventory_changed = @inventory_changed + 1;\n}\n`)
    expect(code).not.toMatch(/probe:\w+,\n(?!k)/)
  })

  it('with none of them there is only the ready record left', () => {
    const { code, probeSets: reported } = generate(host([], { hasFunction: () => false }))
    expect(pointsOf(code)).toEqual([])
    expect(code.trim()).toMatch(/^BEGIN\n\{\n.*\n\}$/)
    expect(reported.every(({ available }) => !available)).toBe(true)
  })
})

describe('each .bt file', () => {
  const printedBy = (stem: string): string[] => [
    ...new Set(
      [...withoutComments(source(stem)).matchAll(/print\(\("([^"]+)"/g)].map((match) => match[1] ?? ''),
    ),
  ]

  it('together they print all that is read, and nothing else', () =>
    expect(probeSets.flatMap((set) => printedBy(set.stem)).sort()).toEqual(
      [...tuplesOfRecords, ...probeSets.flatMap((set) => Object.keys(set.records ?? {}))].sort(),
    ))

  it.each(probeSets.map((set) => [set.stem, set] as const))(
    '%s prints what its decoder reads',
    (stem, set) => {
      const code = withoutComments(source(stem))
      const known = Object.keys(set.records ?? {})
      const read = known.length > 0 ? known : tuplesOfRecords
      for (const record of printedBy(stem)) expect(read).toContain(record)
      for (const map of [...code.matchAll(/print\((@\w+)\)/g)].map((match) => match[1] ?? '')) {
        expect([...mapsOfRecords, ...probeSets.flatMap((other) => other.maps ?? [])]).toContain(map)
      }
      const attached = [...functionsIn(code), ...code.matchAll(/kaddr\("(\w+)"\)/g)].map(String)
      for (const name of lossesOf(stem).keys()) expect(attached.join()).toContain(name)
      expect(essentialOf(stem).length).toBeGreaterThan(0)
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
