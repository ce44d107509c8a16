import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventKind } from '../../daemon/contract/event.ts'
import { initialState } from '../../daemon/core/core-state.ts'
import { serializeState } from '../../daemon/store/serialize-state.ts'
import { endlessSteps } from '../bench/make-record.ts'
import { type LabHandle, startLab } from '../lab/lab.ts'
import { shellVariables } from '../lab/session-files.ts'
import { bundleProgram, bundleStoreWorker } from '../unit/support/bundle.ts'
import { kernels } from './support/lab-session.ts'

/** The storm is to have 20,000 events a second, and some of them are still to be handed over when the power goes. */
const eventsPerMs = Number(process.env.KLPSCOPE_STORM ?? 21_000) / 1000
const losses = Number(process.env.KLPSCOPE_POWER_LOSSES ?? 3)
const shortestStormMs = 600
const longestStormMs = 1_200
const eventsPerFile = 5_000
const allowedLossMs = 100

type Found = {
  /** Before and after the record was opened by the daemon's own code. */
  integrity: string[]
  failure: unknown
  lastSorted: number
  unsorted: number
  last: number
  count: number
  state: string
  openingMs: number
}
/** Up to which event the store had been given events in which moment of the VM's clock, and how many of them waited. */
type Told = { ns: bigint; seq: number; waiting: number }

/** Those of every second are no storm. */
const calm: ReadonlySet<EventKind> = new Set([
  'tasks-observed',
  'task-tries',
  'patches-observed',
  'patches-inventoried',
  'function-counting-changed',
  'function-calls',
  'ftrace-sites-observed',
  'shadow-counts',
  'overhead-measured',
])
const stormSteps = () => endlessSteps((kind) => !calm.has(kind))

/** The state after each event, asked for in their order. */
const statesOfStorm = () => {
  const steps = stormSteps()
  return (seq: number): string => {
    for (let state = initialState; ; ) {
      if (seq === 0) return serializeState(state)
      const { value } = steps.next() as { value: { state: typeof initialState } }
      state = value.state
      if (state.seq === seq) return serializeState(state)
    }
  }
}

const dir = mkdtempSync(join(tmpdir(), 'klpscope-power-'))
const programs = join(dir, 'programs')
const events = join(dir, 'events')
beforeAll(async () => {
  mkdirSync(programs)
  for (const name of ['storm', 'look']) await bundleProgram(`test/end-to-end/power-loss/${name}.ts`, programs)
  await bundleStoreWorker(programs)
  mkdirSync(events)
  const texts: string[] = []
  for (const { event, text } of stormSteps()) {
    texts.push(text)
    if (event.seq % eventsPerFile > 0) continue
    writeFileSync(join(events, String(event.seq / eventsPerFile - 1)), texts.splice(0).join('\n'))
    if (event.seq >= losses * longestStormMs * eventsPerMs + 3 * eventsPerFile) break
  }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe.each(kernels)('power loss on Linux %s', (kernel) => {
  const disk = join(dir, `${kernel}.img`)
  let lab: LabHandle | undefined
  beforeAll(async () => {
    writeFileSync(disk, '')
    truncateSync(disk, 1_000_000_000)
    await execa('mkfs.ext4', ['-q', '-F', disk])
  })
  afterAll(async () => void (await lab?.stop(0)))

  const boot = async (run: number): Promise<{ found: Found; told: () => Told[] }> => {
    const outDir = join(dir, `${kernel}-${run}`)
    mkdirSync(outDir)
    const storm = run < losses ? 1 : 0
    const variables = {
      node: process.execPath,
      programs,
      events,
      eventsPerFile,
      eventsPerMs,
      longestStormMs,
      storm,
    }
    writeFileSync(join(outDir, 'settings'), shellVariables(variables))
    lab = await startLab({
      kernel,
      script: join(import.meta.dirname, 'power-loss.sh'),
      outDir,
      daemon: false,
      // What a busy host would add to 100 ms is not the store's doing.
      clock: 'fast-instructions',
      disk,
    })
    await until(() => existsSync(join(outDir, 'looked')), outDir)
    const found = JSON.parse(readFileSync(join(outDir, 'found'), 'utf8')) as Found
    return { found, told: () => toldIn(join(outDir, 'told')) }
  }

  const until = async (holds: () => boolean, outDir: string): Promise<void> => {
    let ended = false
    void lab?.outcome.then(() => {
      ended = true
    })
    while (!holds()) {
      const log = join(outDir, 'script.log')
      if (ended) throw new Error(`the VM ended: ${existsSync(log) ? readFileSync(log, 'utf8') : ''}`)
      await sleep(20)
    }
  }

  it(`${losses} times in a storm of events: at most the last ${allowedLossMs} ms are lost, and never integrity`, async () => {
    const stateAfter = statesOfStorm()
    let told: Told[] = []
    for (let run = 0; run <= losses; run++) {
      const { found, told: tellings } = await boot(run)
      if (run > 0) console.log(`Linux ${kernel}, power loss ${run}:`, described(told, found))
      expect(found.integrity).toEqual(['ok', 'ok'])
      expect(found.failure).toBeNull()
      expect(found.count, 'no holes').toBe(found.last)
      expect(found.state === stateAfter(found.last), 'it folds to what was live').toBe(true)
      expect(found.last).toBeGreaterThanOrEqual(promised(told))
      if (run === losses) break
      // At any moment of a commit, a checkpoint, a write to the disk.
      const stormMs = shortestStormMs + Math.random() * (longestStormMs - shortestStormMs)
      await until(() => elapsedMs(tellings()) > stormMs, join(dir, `${kernel}-${run}`))
      await lab?.stop(0)
      told = tellings()
    }
    expect(await lab?.outcome).toMatchObject({ exitCode: 0 })
  })
})

const toldIn = (file: string): Told[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => line.split(' '))
        .map(([ns = '', seq, waiting]) => ({ ns: BigInt(ns), seq: Number(seq), waiting: Number(waiting) }))
    : []

const elapsedMs = (told: Told[]): number => Number((told.at(-1)?.ns ?? 0n) - (told[0]?.ns ?? 0n)) / 1e6

/** The newest event that the store had been given so long before the power went that it has to be there. */
const promised = (told: Told[]): number => {
  const to = (told.at(-1)?.ns ?? 0n) - BigInt(allowedLossMs * 1e6)
  return told.filter(({ ns }) => ns <= to).at(-1)?.seq ?? 0
}

const described = (told: Told[], found: Found): string => {
  const [first, last] = [told[0], told.at(-1)]
  const firstLost = told.find(({ seq }) => seq > found.last)
  const given = (last?.seq ?? 0) - (first?.seq ?? 0)
  const ofLast = firstLost && last ? Number(last.ns - firstLost.ns) / 1e6 : 0
  return [
    `${Math.round((given / elapsedMs(told)) * 1000)} events/s for ${(elapsedMs(told) / 1000).toFixed(1)} s of the VM's clock`,
    `${last?.waiting} of them not sorted in yet`,
    `${(last?.seq ?? 0) - found.last} lost, of the last ${ofLast.toFixed(0)} ms`,
    `${found.last - found.lastSorted} had been kept unsorted in ${found.unsorted} rows`,
    `the next start took ${(found.openingMs / 1000).toFixed(1)} s`,
  ].join('; ')
}
