import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { probePurposes } from '../../../daemon/contract/probe-purposes.ts'
import { bpfDir } from '../../../daemon/package-paths.ts'
import type { TracerProbe } from '../../../daemon/raw/layout.ts'
import { blindSets, probeSetsOf, readProbeHeaders } from '../../../daemon/sources/probe-headers.ts'

const headers = readProbeHeaders(bpfDir)

/** What is told elsewhere: calls function by function, and who has tracing programs attached only when it is asked. */
const ofNoSet = ['function-calls.bpf.c', 'links.bpf.c', 'symbols.bpf.c']
const programs = readdirSync(bpfDir)
  .filter((file) => /\.bpf\.[ch]$/.test(file) && !ofNoSet.includes(file))
  .flatMap((file) => [
    ...readFileSync(join(bpfDir, file), 'utf8').matchAll(
      /^SEC\("(?!\.|license)[^"]+"\)\s+int (?:BPF_\w+\()?(\w+)/gm,
    ),
  ])
  .map(([, program]) => program)

describe('the headers of the probe sets', () => {
  it('name every program of bpf/, each in one set', () => {
    expect(programs.length).toBeGreaterThan(40)
    expect(headers.flatMap((header) => [...header.programs]).sort()).toEqual([...programs].sort())
  })

  it('name what is lost without a function or a variable, also below the first line', () => {
    const { losses } = headers.find(({ name }) => name === 'shadow')!
    expect(losses.get('klp_shadow_alloc')).toBe('allocations by it, and duplicates')
    expect(losses.get('klp_shadow_lock')).toMatch(/^live counts and ages/)
    const tasks = headers.find(({ name }) => name === 'tasks')!
    expect(tasks.losses.get('klp_target_state')).toBe('which threads a running transition waits for')
  })
})

const probesWith = (lacking: Record<string, Partial<TracerProbe>>): TracerProbe[] =>
  headers.flatMap((header) =>
    [...header.programs].map((program) => ({
      program,
      subject: program,
      attached: !(program in lacking),
      errno: 0,
      ...lacking[program],
    })),
  )
const setOf = (name: string, lacking: Record<string, Partial<TracerProbe>>) =>
  probeSetsOf(headers, probesWith(lacking)).find((set) => set.name === name)

describe('what is attached', () => {
  it('is all, when the tracer lacks nothing', () => {
    expect(probeSetsOf(headers, probesWith({}))).toEqual(
      headers.map(({ name }) => ({ name, available: true })),
    )
  })

  it('is a set without what one function was for, however many programs probe it', () => {
    const lack = { subject: 'klp_shadow_alloc', reason: 'this kernel has inlined it', errno: 2 }
    expect(setOf('shadow', { shadow_alloc: lack, shadow_alloc_returned: lack })).toEqual({
      name: 'shadow',
      available: true,
      lost: [
        {
          name: 'klp_shadow_alloc',
          loss: 'allocations by it, and duplicates',
          reason: 'this kernel has inlined it',
          remedy: expect.stringContaining('CONFIG_KPROBES'),
        },
      ],
    })
  })

  it('has no remedy where the kernel itself is what lacks it', () => {
    const ofKernel = { subject: 'klp_enable_patch', reason: 'this kernel has 2 functions klp_enable_patch' }
    for (const errno of [95, 99])
      expect(setOf('lifecycle', { enable_patch: { ...ofKernel, errno } })?.lost).toMatchObject([
        { remedy: expect.stringMatching(/^Nothing is to be done on this kernel/) },
      ])
  })

  it('is a set without its walk, which is in a file of its own', () => {
    const lack = { subject: 'klp_shadow_lock', reason: 'the kernel does not tell where it is', errno: 1 }
    expect(setOf('shadow', { walk_shadow: lack })?.lost).toMatchObject([{ name: 'klp_shadow_lock' }])
  })

  it('is not a set of which nothing is attached', () => {
    expect(
      setOf('inventory', { walk_inventory: { subject: 'klp_patches', reason: 'it is hidden', errno: 2 } }),
    ).toMatchObject({
      available: false,
      reason: `it is hidden; not seen: ${probePurposes.inventory}`,
      remedy: expect.stringMatching(/./),
    })
  })

  it('is not a set of which the tracer says nothing', () => {
    expect(probeSetsOf(headers, []).some(({ available }) => available)).toBe(false)
  })

  it('says so where the tracer gives no reason', () => {
    expect(setOf('transition', { force_transition: {} })?.lost?.[0]?.reason).toBe(
      'the tracer gives no reason',
    )
  })

  it('is nothing, for one reason, when there is no tracer', () => {
    const sets = blindSets('it is not there', 'build it')
    expect(sets.map(({ name }) => name)).toEqual(headers.map(({ name }) => name))
    for (const set of sets)
      expect(set).toMatchObject({ available: false, reason: 'it is not there', remedy: 'build it' })
  })
})
