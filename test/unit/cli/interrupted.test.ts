import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../support/command-line.ts'
import { aLongStory } from '../support/long-story.ts'
import { recordSteps } from '../support/record-steps.ts'

const place = mkdtempSync(join(tmpdir(), 'klpscope-interrupted-'))
const temporary = join(place, 'temporary')
const record = join(place, 'record.db')
const recording = join(place, 'events.ndjson')
let program: string

/** So many that reading takes a second, in which no signal is heard. */
const manyEvents = 60_000

beforeAll(async () => {
  mkdirSync(temporary)
  program = await buildProgram(place)
  const steps = aLongStory(200)
  const events = steps.map(({ event }) => event)
  const { seq, time, monoNs } = steps.at(-1)!.event
  const failed = { kind: 'decode-failed', time, monoNs, source: 's', error: 'e', raw: 'r' } as const
  const more = Array.from({ length: manyEvents }, (_, at) => ({ ...failed, seq: seq + at + 1 }))
  writeFileSync(recording, [...events, ...more].map((event) => `${JSON.stringify(event)}\n`).join(''))
  const database = recordSteps(steps, record)
  const insert = database.prepare(
    'INSERT INTO events SELECT ?, time_ns, mono_ns, ?, NULL, NULL, NULL, ? FROM events WHERE seq = ?',
  )
  database.transaction(() => {
    for (const event of more) insert.run(event.seq, event.kind, JSON.stringify(event), seq)
  })()
  database.close()
}, 60_000)
afterAll(() => rmSync(place, { recursive: true, force: true }))

const start = (args: string[]) =>
  execa(process.execPath, [program, ...args], {
    reject: false,
    env: { TMPDIR: temporary },
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })

/** Of the copy it reads from: `/…/record.db (deleted)` when that has no name any more. */
const openCopies = (pid: number): string[] => {
  try {
    const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    return files.filter((file) => file.startsWith(temporary))
  } catch {
    // A descriptor was closed between the two calls.
    return []
  }
}

const startReading = async (args: string[]) => {
  const running = start(args)
  const isReading = () => openCopies(running.pid ?? 0).some((file) => file.endsWith('(deleted)'))
  while (running.exitCode === null && !isReading()) await sleep(5)
  expect(running.exitCode, 'it is not through yet').toBe(null)
  return { running }
}

const commands = ['report', 'history', 'status', 'export --format csv'].map((text) => text.split(' '))

describe.each([
  ['a record', record],
  ['a recording', recording],
])('of %s that is read', (_, file) => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'nothing is left behind by %s, which ends every command at once',
    async (signal) => {
      for (const command of commands) {
        const { running } = await startReading([...command, '--db', file])
        running.kill(signal)
        // By the signal itself, or by who listened until just now; on a busy machine it may be through before (0, or 3
        // as the record's last state is not known).
        const { exitCode } = await running
        expect([undefined, 128 + constants.signals[signal], 0, 3], command[0]).toContain(exitCode)
        expect(readdirSync(temporary), command[0]).toEqual([])
      }
    },
    60_000,
  )

  it('nothing is left behind, and nothing is said, when who reads the answer closes the pipe', async () => {
    for (const command of commands) {
      const { running } = await startReading([...command, '--db', file])
      running.stdout.destroy()
      const { stderr, signal } = await running
      expect({ stderr, signal }).toEqual({ stderr: '', signal: undefined })
      expect(readdirSync(temporary), command[0]).toEqual([])
    }
  }, 120_000)
})

it('a copy that is interrupted while it is made is removed', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const running = start(['report', '--db', record])
    while (running.exitCode === null && readdirSync(temporary).length === 0) await sleep(1)
    running.kill(signal)
    await running
    expect(readdirSync(temporary)).toEqual([])
  }
}, 30_000)
