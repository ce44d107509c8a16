import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { checkoutRoot } from '../lab/checkout.ts'
import type { Section } from './bench.ts'
import { fixed } from './format.ts'
import { median, quantile } from './statistics.ts'

/** Puts the files of a commit into a folder and builds its benches, with this checkout's packages. @returns the program */
const buildBenches = async (commit: string, dir: string): Promise<string> => {
  const root = checkoutRoot()
  const checkout = join(dir, 'checkout')
  const archive = join(dir, 'checkout.tar')
  mkdirSync(checkout)
  await execa('git', ['-C', root, 'archive', '-o', archive, commit])
  await execa('tar', ['-xf', archive, '-C', checkout])
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const { bundleArguments } = (await import(pathToFileURL(join(root, 'daemon', 'bundle.mjs')).href)) as {
    bundleArguments: (entries: Record<string, string>, outdir: string) => string[]
  }
  const dist = join(checkout, 'dist')
  const esbuild = join(root, 'node_modules', '.bin', 'esbuild')
  await execa(esbuild, bundleArguments({ bench: 'test/bench/main.ts' }, dist), { cwd: checkout })
  return join(dist, 'bench.js')
}

type Measured = { records: number; events: number; wholeMs: number[] }
type Speed = { records: number; events: number; recordsPerS: number; eventsPerS: number }

/** One run of that program's own bench, over its own recordings. */
const speedOf = async (program: string): Promise<Speed> => {
  const { stdout } = await execa(process.execPath, [program, '--only', 'decoding', '--quick', '--json'])
  const { sections } = JSON.parse(stdout) as { sections: [{ data: Measured }] }
  const { records, events, wholeMs } = sections[0].data
  const seconds = median(wholeMs) / 1000
  return { records, events, recordsPerS: records / seconds, eventsPerS: events / seconds }
}

const row = (title: string, speeds: readonly Speed[]): string[] => {
  const perS = speeds.map(({ eventsPerS }) => eventsPerS)
  return [
    title,
    String(speeds[0]?.records),
    String(speeds[0]?.events),
    fixed(median(speeds.map(({ recordsPerS }) => recordsPerS)), 0),
    fixed(median(perS), 0),
    [0.25, 0.75].map((share) => fixed(quantile(perS, share), 0)).join('-'),
  ]
}

/** Decoding and reducing of this version and of an earlier one, in turn. */
export const decodingAgainst = async (commit: string, rounds: number): Promise<Section> => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-bench-'))
  try {
    const earlier = await buildBenches(commit, dir)
    const here = join(checkoutRoot(), 'dist', 'bench.js')
    const pairs: { earlier: Speed; now: Speed }[] = []
    for (let round = 0; round < rounds; round++)
      pairs.push({ earlier: await speedOf(earlier), now: await speedOf(here) })
    const ratio = (of: 'recordsPerS' | 'eventsPerS'): string =>
      fixed(median(pairs.map((pair) => pair.now[of] / pair.earlier[of])), 2)
    return {
      title: `Decoding and reducing, beside ${commit}, on this machine`,
      columns: ['version', 'records', 'events', 'records/s', 'events/s', 'quartiles'],
      rows: [
        row(
          commit,
          pairs.map(({ earlier }) => earlier),
        ),
        row(
          'this one',
          pairs.map(({ now }) => now),
        ),
        ['times as many', '', '', ratio('recordsPerS'), ratio('eventsPerS'), ''],
      ],
      notes: [
        `${rounds} processes of each, in turn. Each version reads its own test/recordings: where one makes more records of the same happenings than the other, neither ratio alone says which is faster.`,
      ],
      data: { commit, pairs },
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
