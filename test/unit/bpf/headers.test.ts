import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const dir = join(import.meta.dirname, '../../../bpf')
const all = readdirSync(dir).filter((name) => name.endsWith('.bpf.c'))
const sets = all.filter((name) => name !== 'klpscope.bpf.c')
const read = (name: string) => readFileSync(join(dir, name), 'utf8')

/** The comment that opens a file, without its stars. */
const headerOf = (name: string): string =>
  /\/\*\n([\s\S]*?)\*\//.exec(read(name))?.[1]?.replaceAll(/^ \* ?/gm, '') ?? ''

/** What is listed under `Without`: functions and symbols, each with the loss. */
const losses = (name: string): string[] => {
  const lines = headerOf(name).split('\n')
  const first = lines.findIndex((line) => line.startsWith('Without'))
  const rest = lines.slice(first + 1)
  const last = rest.findIndex((line) => /^\S/.test(line))
  return [lines[first], ...rest.slice(0, last)].flatMap(
    (line) => /^(?:Without)?\s+([\w.]+): \S/.exec(line ?? '')?.[1] ?? [],
  )
}

const probed = (name: string): string[] =>
  [...read(name).matchAll(/SEC\("(?:kprobe|kretprobe|tp_btf)\/(\w+)"\)/g)].map(([, func = '']) => func)

describe.each(sets)('%s', (name) => {
  it('says what it prints, how to read that, what is lost without a part of it, what it costs, and where to look', () => {
    for (const word of ['Prints', 'Read it', 'Without', 'Cost', 'Source'])
      expect(headerOf(name)).toMatch(new RegExp(`^${word} `, 'm'))
  })
})

it('names the loss without each function that is probed', () => {
  const named = new Set(sets.flatMap(losses))
  const functions = [...new Set(sets.flatMap(probed))]
  expect(functions.length).toBeGreaterThan(25)
  expect(functions.filter((func) => !named.has(func))).toEqual([])
})
