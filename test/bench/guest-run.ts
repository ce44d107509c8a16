import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkoutRoot } from '../lab/checkout.ts'
import { type LabHandle, startLab } from '../lab/lab.ts'
import type { BenchOptions, GuestBench, Section } from './bench.ts'

/** Nothing to do with measuring: when this has passed, something hangs. */
const TIMEOUT_S = 3 * 3600
/** For what a first snapshot and adopting take; under emulation some seconds. */
const SETTLE_S = 5

const readFrom =
  (dir: string) =>
  (file: string): string => {
    try {
      return readFileSync(join(dir, file), 'utf8')
    } catch {
      return ''
    }
  }

/** What the guest finds in /lab/out. */
const prepareFiles = async (
  dir: string,
  kernel: string,
  benches: readonly GuestBench[],
  options: BenchOptions,
): Promise<void> => {
  const parts = benches.map((bench) => bench.part).join(' ')
  const files = Object.assign(
    { 'settings.sh': `bench_parts='${parts}'\nbench_settle_s=${SETTLE_S}\n` },
    ...benches.map((bench) => bench.files(kernel, options)),
  ) as Record<string, string>
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text)
}

/**
 * Boots one lab kernel and runs the benches in it, one after the other; all are for one clock.
 * @param stop ends the machine when it is aborted
 * @returns what they have to say; the files measured from are kept when something went wrong
 */
export const runInGuest = async (
  kernel: string,
  benches: readonly GuestBench[],
  options: BenchOptions,
  say: (text: string) => void,
  stop: AbortSignal,
): Promise<Section[]> => {
  const outDir = await mkdtemp(join(tmpdir(), 'klpscope-bench-'))
  const remove = () => rm(outDir, { recursive: true, force: true })
  let lab: LabHandle | undefined
  const end = () => void lab?.stop(0)
  stop.addEventListener('abort', end)
  try {
    await prepareFiles(outDir, kernel, benches, options)
    lab = await startLab({
      kernel,
      daemon: false,
      clock: benches[0]?.clock,
      outDir,
      script: join(checkoutRoot(), 'test', 'bench', 'guest', 'session.sh'),
      timeoutS: TIMEOUT_S,
      progress: say,
      scriptOutput: process.stderr,
    })
    if (stop.aborted) end()
    const { exitCode, message } = await lab.outcome
    if (stop.aborted) {
      await remove()
      return []
    }
    if (exitCode !== 0) {
      throw new Error(
        `The bench's machine with Linux ${kernel} ended with ${exitCode}. ${message} See ${outDir}`,
      )
    }
    const sections = benches.flatMap((bench) => bench.report(kernel, options, readFrom(outDir)))
    await remove()
    return sections
  } finally {
    stop.removeEventListener('abort', end)
  }
}
