import type { Script } from './script.ts'

/** `name` as `generateScript` leaves it out. */
export type Culprit = { name: string; reason: string }

/**
 * What bpftrace's complaints say it could not do: a function that cannot
 * be probed or whose program the verifier refuses, or the block in whose line it found an error. Null: they name none.
 */
export const culpritOf = (errors: readonly string[], script: Script): Culprit | null => {
  for (const error of errors) {
    const name = functionIn(error, script) ?? timerIn(error, script) ?? blockAt(error, script)
    if (name !== null) {
      const said = error.replace(/^(?:\S+\.bt:[\d:-]+: )?ERROR: /, '')
      return { name, reason: `bpftrace could not attach it: ${said}` }
    }
  }
  return null
}

/** `kprobe:NAME`, since 0.23 also the program's name: `kprobe_NAME_1`. */
const functionIn = (error: string, { blocks }: Script): string | null =>
  blocks
    .map((block) => block.function)
    .find(
      (name) =>
        name !== null && new RegExp(`\\bk(?:ret)?probe[:_ ]${name}(?:_\\d+)?(?![A-Za-z0-9_])`).test(error),
    ) ?? null

/**
 * `interval:ms:50`, since 0.23 as the program's name: `interval_ms_50_1`. Of several blocks of a set with that point the last,
 * which may not be the one: if so, the next attempt fails as well, and names the one before it. Null for a timer of
 * several sets: they are tried one by one.
 */
const timerIn = (error: string, { blocks }: Script): string | null => {
  const [, unit, count] = /\binterval[:_](\w+?)[:_](\d+)/.exec(error) ?? []
  const timers = blocks.filter(({ point }) => point === `interval:${unit}:${count}`)
  return new Set(timers.map(({ set }) => set)).size === 1 ? (timers.at(-1)?.name ?? null) : null
}

/** `FILE.bt:LINE:COLUMNS: ERROR: …`, or `FILE.bt:FROM-TO: ERROR: …` over several lines. */
const blockAt = (error: string, { blocks }: Script): string | null => {
  const line = Number(/\.bt:(\d+)[-:]/.exec(error)?.[1] ?? 0)
  return blocks.filter((block) => block.line <= line).at(-1)?.name ?? null
}
