import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttachPoint, PlannedFunction } from './call-plan.ts'

export type CountableFunction = Extract<PlannedFunction, { countable: true }>

/** How this bpftrace wants a function of a module to be named: since 0.20 by its own syntax, before in quotes. */
export const spellings = ['module', 'quoted'] as const
export type Spelling = (typeof spellings)[number]

/** bpf/function-calls.bt for these functions; they are numbered in their order. */
export const generateCallScript = (
  bpfDir: string,
  functions: readonly CountableFunction[],
  spelling: Spelling,
): string => {
  // One block per attach point: bpftrace 0.17 mixes up those of two lists.
  const blocks = (block: string, placeholder: string, points: AttachPoint[], number: number) =>
    points.map((point) =>
      block
        .replace(placeholder, `kprobe:${spell(point, spelling)}`)
        .replaceAll('KLPSCOPE_FUNCTION', String(number)),
    )
  return readFileSync(join(bpfDir, 'function-calls.bt'), 'utf8')
    .split(/(?<=^}\n)/m)
    .flatMap((block) => {
      const [placeholder] = /^KLPSCOPE_\w+/m.exec(block) ?? []
      if (!placeholder) return [block]
      return functions.flatMap(({ original, replacements }, number) =>
        blocks(block, placeholder, placeholder === 'KLPSCOPE_ORIGINAL' ? [original] : replacements, number),
      )
    })
    .join('')
}

/** A name that only one function has is understood by every version. */
const spell = ({ module, name, ambiguous }: AttachPoint, spelling: Spelling): string => {
  if (!ambiguous) return name
  if (spelling === 'module') return `${module ?? 'vmlinux'}:${name}`
  return module === null ? name : `"${module}:${name}"`
}
