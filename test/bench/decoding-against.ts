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
    bundleArguments: (entry: string, outfile: string) => string[]
  }
  const program = join(checkout, 'dist', 'bench.js')
  const esbuild = join(root, 'node_modules', '.bin', 'esbuild')
  await execa(esbuild, bundleArguments('test/bench/main.ts', program), { cwd: checkout })
  return program
}

type Measured = { events: number; wholeMs: number[] }

/** Events per second of one run of that program's own bench, over its own recordings. */
const eventsPerS = async (program: string): Promise<number> => {
  const { stdout } = await execa(process.execPath, [program, '--only', 'decoding', '--quick', '--json'])
  const { sections } = JSON.parse(stdout) as { sections: { data: Measured }[] }
  const { events = Number.NaN, wholeMs = [] } = sections[0]?.data ?? {}
  return (events / median(wholeMs)) * 1000
}

/** Decoding and reducing of this version and of an earlier one, in turn. */
export const decodingAgainst = async (commit: string, rounds: number): Promise<Section> => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-bench-'))
  try {
    const earlier = await buildBenches(commit, dir)
    const here = join(checkoutRoot(), 'dist', 'bench.js')
    const pairs: { earlier: number; now: number }[] = []
    for (let round = 0; round < rounds; round++)
      pairs.push({ earlier: await eventsPerS(earlier), now: await eventsPerS(here) })
    const ratios = pairs.map(({ earlier, now }) => now / earlier)
    const row = (title: string, values: number[], digits: number): string[] => [
      title,
      fixed(median(values), digits),
      [0.25, 0.75].map((share) => fixed(quantile(values, share), digits)).join('-'),
    ]
    return {
      title: `Decoding and reducing, beside ${commit}, on this machine`,
      columns: ['version', 'events/s (median)', 'quartiles'],
      rows: [
        row(
          commit,
          pairs.map(({ earlier }) => earlier),
          0,
        ),
        row(
          'this one',
          pairs.map(({ now }) => now),
          0,
        ),
        row('times as many', ratios, 2),
      ],
      notes: [
        `${rounds} processes of each, in turn; each version over the recordings of its own test/recordings, which need not hold the same records.`,
      ],
      data: { commit, pairs, ratios },
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
