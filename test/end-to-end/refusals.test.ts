import { mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import { loggedTransitions } from './support/ground-truth.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'

const program = join(import.meta.dirname, '../../dist/klpscope.js')

/** One sentence of cause, one of remedy, and no stack trace. */
const expectSentence = (text: string, cause: RegExp, remedy: RegExp): void => {
  expect(text).toMatch(cause)
  expect(text).toMatch(remedy)
  expect(text).not.toMatch(/^\s+at .*:\d+/m)
}

describe('what stands in the way on the host', () => {
  it('has no QEMU', async () => {
    const path = mkdtempSync(join(tmpdir(), 'klpscope-path-'))
    symlinkSync(process.execPath, join(path, 'node'))
    const run = await execa('node', [program, 'lab', 'run', '--kernel', '6.1'], {
      env: { PATH: path },
      reject: false,
    })
    expect(run.exitCode).toBe(74)
    expectSentence(run.stderr, /qemu/i, /apt-get|install/i)
  })

  it('has no livepatching', async () => {
    const run = await execa('node', [program, 'daemon'], { reject: false })
    expect(run.exitCode).toBe(3)
    expectSentence(run.stderr, /no livepatching/, /npm start/)
  })

  it('is asked for what does not exist', async () => {
    const run = await execa('node', [program, 'lab', 'run', '--kernel', '5.4'], { reject: false })
    expect(run.exitCode).toBe(76)
    expectSentence(run.stderr, /no kernel "5.4"/, /6\.1/)
  })
})

describe(`what stands in the daemon's way on Linux ${kernels[0]}`, () => {
  let lab: LabSession
  const said = (name: string) => ({ code: Number(lab.read(`${name}.code`)), text: lab.read(`${name}.txt`) })
  const state = () => lab.get<State>('state')

  beforeAll(async () => {
    lab = await openLab(kernels[0] ?? '6.1', 'refusals.sh')
    await lab.at('blind')
  })
  afterAll(() => lab?.stop())

  it.each([
    ['no-root', 3, /needs root/, /sudo/],
    ['damaged', 3, /damaged or not a SQLite database/, /--db/],
    ['directory', 3, /cannot be opened|cannot be used/, /--db/],
    ['no-daemon', 3, /No daemon answers/, /klpscope daemon/],
    ['port-in-use', 3, /in use/, /--listen/],
  ])('%s', (name, code, cause, remedy) => {
    expect(said(name).code).toBe(code)
    expectSentence(said(name).text, cause, remedy)
  })

  it('shows a stall without BPF, and says what it cannot see', async () => {
    await expect.poll(async () => (await state()).transition?.stalled, { timeout: 30_000 }).toBe(true)
    const { transition, blocked, tracer, shadow, headline } = await state()
    expect(transition).toMatchObject({ patch: 'klpt_patch_v1', direction: 'patching', startKnown: true })
    expect(headline.text).toMatch(/klpt-sleeper/)
    // Dynamic debug of kernel/livepatch is on in the lab: the kernel log tells why.
    expect(blocked.map(({ comm, reason, function: name }) => [comm, reason, name])).toEqual([
      ['klpt-sleeper', 'sleeping-on-function', 'klpt_sleep_in_function'],
    ])
    // Stacks are for root alone, which the daemon is not.
    expect(blocked[0]?.stack).toBeNull()
    expect(shadow.adoption).toBe('unavailable')
    for (const set of tracer.probeSets)
      expect(set).toMatchObject({
        available: false,
        reason: expect.stringMatching(/the tracer is not there/),
        remedy: expect.stringMatching(/klpscope doctor/),
      })
    lab.go('blind')
    await lab.at('done')
    await expect
      .poll(async () => (await state()).lastTransition?.outcome, { timeout: 30_000 })
      .toBe('completed')
    const { lastTransition } = await state()
    lab.go('done')
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    expect(said('status').code).toBe(1)
    // When it was is known to a look at the log, how long it took by the log's own clock.
    const [logged] = loggedTransitions(lab.read('dmesg.txt'))
    const loggedMs = ((logged?.endS ?? 0) - (logged?.startS ?? 0)) * 1000
    expect(Math.abs((lastTransition?.durationMs ?? 0) - loggedMs)).toBeLessThan(5)
  })
})
