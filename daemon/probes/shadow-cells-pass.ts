import type { ShadowAges } from '../contract/shadow.ts'
import { shadowAgeBoundsS } from '../contract/shadow-age-bounds.ts'
import { noCells, type ShadowCells } from './shadow-cells.ts'

/** What one pass saw: counts are cumulative per parity of the pass, so the last pass's have to be taken off. */
export const readPass = (
  before: ReadonlyMap<string, ShadowCells>,
  now: ReadonlyMap<string, ShadowCells>,
  parity: 0 | 1,
): { found: ReadonlyMap<string, number>; ages: ShadowAges[] } => {
  const sums = new Map<string, number>()
  const ages: ShadowAges[] = []
  for (const [id, cells] of now) {
    const old = before.get(id) ?? noCells
    const found = new Map(
      [...cells.found[parity]].map(([age, count]) => [age, count - (old.found[parity].get(age) ?? 0)]),
    )
    const sum = [...found.values()].reduce((all, count) => all + count, 0)
    sums.set(id, sum)
    if (sum > 0) ages.push(agesOf(id, found))
  }
  return { found: sums, ages }
}

/** bpf/shadow.bt's `which` of what the walk found. */
const perhapsOlder = 8

const agesOf = (id: string, found: ReadonlyMap<number, number>): ShadowAges => {
  const from = (first: number) => shadowAgeBoundsS.map((_, bound) => found.get(first + bound) ?? 0)
  const known = from(0)
  const atLeast = from(perhapsOlder)
  const all = [...found.values()].reduce((sum, count) => sum + count, 0)
  const told = [...known, ...atLeast].reduce((sum, count) => sum + count, 0)
  return { id, known, atLeast, unknown: all - told }
}
