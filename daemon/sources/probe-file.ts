import type { Btf } from './btf.ts'
import type { KernelSymbols } from './kernel-symbols.ts'

/** A .bt file taken apart. */
export type ProbeFile = {
  /** What is lost without something, by its name: the header's `Without` lines. What has no line is essential. */
  losses: ReadonlyMap<string, string>
  /** Statements of its BEGIN: the maps that blocks read which may be there without those that fill them. */
  declarations: string
  blocks: ProbeBlock[]
}

export type ProbeBlock = {
  comment: string
  points: AttachLine[]
  /** Filter and braces. */
  body: string
}

/** `function` is null for a timer. */
export type AttachLine = { text: string; function: string | null }

/** A block ends with `}` in column 0; its attach points stand one to a line. */
export const parseProbeFile = (source: string): ProbeFile => {
  const parts = source.split(/(?<=^}\n)/m).map(parseBlock)
  const isBegin = (block: ProbeBlock) => block.points[0]?.text === 'BEGIN'
  return {
    losses: parseLosses(source),
    declarations: parts
      .filter(isBegin)
      .map((block) => block.body.replace(/^\s*{\n|}\n$/g, ''))
      .join(''),
    blocks: parts.filter((block) => !isBegin(block)),
  }
}

const parseBlock = (text: string): ProbeBlock => {
  const points = [...text.matchAll(/^(?:k(?:ret)?probe:(\w+)|interval:\w+:\d+|BEGIN),?$/gm)]
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) throw new Error(`a block without an attach point: ${text.slice(0, 200)}`)
  return {
    comment: text.slice(0, first.index),
    points: points.map((point) => ({ text: point[0].replace(',', ''), function: point[1] ?? null })),
    body: text.slice(last.index + last[0].length),
  }
}

/** `// Without  name: what is lost`, then a line each for further names. */
const parseLosses = (source: string): Map<string, string> => {
  const [, lines = ''] = /^\/\/ Without((?: +\w+: .*\n\/\/)+)/m.exec(source) ?? []
  return new Map([...lines.matchAll(/(\w+): (.*)/g)].map(([, name = '', loss = '']) => [name, loss] as const))
}

/** Something a block needs that this kernel does not have. */
export type Missing = { name: string; reason: string }

type Host = Pick<KernelSymbols, 'addressOf'> & { btf: Btf }

/** The first of the symbols and structure fields in a block that the kernel does not tell of. */
export const missingIn = ({ body }: ProbeBlock, { addressOf, btf }: Host): Missing | null => {
  for (const name of symbolsIn(body)) {
    if (addressOf(name) === null) return { name, reason: `the kernel does not tell where ${name} is` }
  }
  const unknown = (name: string): Missing => ({ name, reason: `the kernel's BTF does not know ${name}` })
  for (const [, struct = '', field = '', sized] of body.matchAll(placeholder)) {
    const known = sized === undefined ? btf.offsetOf(struct, field) : btf.sizeOf(sized)
    if (known === null) return unknown(sized ?? `${struct}.${field}`)
  }
  for (const [struct, path] of fieldsIn(body)) {
    if (!btf.hasField(struct, path)) return unknown(`${struct}.${path}`)
  }
  return null
}

export const symbolsIn = (body: string): string[] =>
  [...body.matchAll(/kaddr\("(\w+)"\)/g)].map(([, name = '']) => name)

/** KLPSCOPE_OFFSET(struct,field) and KLPSCOPE_SIZE(struct), in bytes: old bpftrace has no offsetof. */
export const placeholder = /KLPSCOPE_(?:OFFSET\((\w+),(\w+)\)|SIZE\((\w+)\))/g

const isTupleIndex = /^\d+$/

/** Structure and path of every field read through a variable that is set by a cast, or through a cast itself. */
const fieldsIn = (body: string): [struct: string, path: string][] => {
  const path = String.raw`((?:(?:->|\.)\w+)+)`
  const structs = new Map(
    [...body.matchAll(/\$(\w+) = \*?\(struct (\w+) \*+\)/g)].map(([, name = '', struct = '']) => [
      name,
      struct,
    ]),
  )
  const throughVariables = [...body.matchAll(new RegExp(String.raw`\$(\w+)${path}`, 'g'))].map(
    ([, name = '', fields = '']): [string, string] => [structs.get(name) ?? '', fields],
  )
  const throughCasts = [...body.matchAll(new RegExp(String.raw`\(\(struct (\w+) \*\)\w+\)${path}`, 'g'))].map(
    ([, struct = '', fields = '']): [string, string] => [struct, fields],
  )
  return [...throughVariables, ...throughCasts]
    .map(([struct, fields]): [string, string] => [struct, fields.replace(/^(?:->|\.)/, '')])
    .filter(([, fields]) => !isTupleIndex.test(fields))
}
