import { describe, expect, it } from 'vitest'
import type { InventoriedFunction, InventoriedPatch } from '../../../daemon/contract/inventory.ts'
import type { RawSymbol } from '../../../daemon/probes/raw-record.ts'
import { planCalls } from '../../../daemon/sources/call-plan.ts'
import { type CountableFunction, generateCallScript } from '../../../daemon/sources/call-script.ts'

const bpfDir = new URL('../../../bpf', import.meta.url).pathname

const aFunction = (own: Partial<InventoriedFunction> = {}): InventoriedFunction => ({
  name: 'f',
  sympos: 0,
  oldAddress: '0x1',
  newAddress: '0x2',
  symbol: null,
  nop: false,
  transition: false,
  patched: true,
  position: 0,
  ...own,
})
const aPatch = (name: string, func: InventoriedFunction): InventoriedPatch => ({
  name,
  enabled: true,
  replace: false,
  forced: false,
  states: [],
  objects: [
    {
      name: 'vmlinux',
      patched: true,
      loaded: true,
      dynamic: false,
      callbacks: {},
      postUnpatchEnabled: true,
      functions: [func],
    },
  ],
})
const original: RawSymbol = { address: '0x1', name: 'f', module: null }
const replacement: RawSymbol = { address: '0x2', name: 'p_f', module: 'p' }
const symbols = new Map([original, replacement].map((symbol) => [symbol.address, symbol]))
const planned = (func: Partial<InventoriedFunction>, namesakes: RawSymbol[] = [original, replacement]) =>
  planCalls([aPatch('p', aFunction(func))], symbols, namesakes)[0]

describe('a patched function', () => {
  it('is counted at its original and at its replacement', () => {
    expect(planned({})).toMatchObject({
      countable: true,
      original: { module: null, name: 'f', ambiguous: false },
      replacements: [{ module: 'p', name: 'p_f', address: '0x2' }],
    })
  })

  it('has no replacement to count where it is a no-op', () => {
    expect(planned({ nop: true })).toMatchObject({ countable: true, replacements: [] })
  })

  it.each([
    ['nothing is in its place', { position: null }, undefined, 'no patch is in its place now'],
    ['it has a twin', {}, [original, original, replacement], 'the kernel has 2 functions called f'],
    ['symbols are hidden', {}, [], 'the kernel shows no symbol f'],
    ['its replacement has no name', { newAddress: '0x9' }, undefined, /does not tell the name/],
  ])('is not counted when %s', (_, func, namesakes, reason) => {
    expect(planned(func, namesakes)).toMatchObject({
      countable: false,
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    })
  })
})

it('functions of one name are planned one by one', () => {
  const twins = [0, 2].map((sympos) => aFunction({ sympos, newAddress: `0x${sympos + 2}` }))
  const patches = twins.map((func, index) => aPatch(`p${index}`, func))
  expect(planCalls(patches, symbols, [original, original, replacement])).toMatchObject([
    { function: 'f', countable: false, reason: 'the kernel has 2 functions called f' },
    { function: 'f', sympos: 2, countable: false },
  ])
})

describe('the script', () => {
  const lines = (functions: CountableFunction[], spelling: 'module' | 'quoted' = 'module') =>
    generateCallScript(bpfDir, functions, spelling)
      .split('\n')
      .filter((line) => line.startsWith('kprobe:'))

  it('has a block for each attach point, numbered by function', () => {
    const func = planned({}) as CountableFunction
    expect(lines([func, func])).toEqual(['kprobe:f', 'kprobe:f', 'kprobe:p_f', 'kprobe:p_f'])
    expect(generateCallScript(bpfDir, [func, func], 'module')).toContain('@calls[1, 1, ')
    expect(generateCallScript(bpfDir, [func], 'module')).not.toMatch(/^\s*[^/\s].*KLPSCOPE_/m)
  })

  it('names the module where others have the same name', () => {
    const twin = { ...replacement, name: 'f' }
    const [func] = planCalls([aPatch('p', aFunction())], new Map([['0x2', twin]]), [original, twin])
    expect(lines([func as CountableFunction])).toEqual(['kprobe:vmlinux:f', 'kprobe:p:f'])
    expect(lines([func as CountableFunction], 'quoted')).toEqual(['kprobe:f', 'kprobe:"p:f"'])
  })
})
