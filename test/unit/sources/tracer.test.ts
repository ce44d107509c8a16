import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { createAccount } from '../../../daemon/account/account.ts'
import { type ServedTracer, serveTracer } from '../../../daemon/launch/serve-tracer.ts'
import { bpfDir, tracerFile } from '../../../daemon/package-paths.ts'
import type { RawProbeSet, RawRecord } from '../../../daemon/probes/raw-record.ts'
import { recordFields } from '../../../daemon/raw/records.ts'
import { TracerStream } from '../../../daemon/raw/tracer-stream.ts'
import { readProbeHeaders } from '../../../daemon/sources/probe-headers.ts'
import { superviseTracer, type Tracer } from '../../../daemon/sources/tracer.ts'
import { frameBytes, jsonFrame } from '../support/frame-bytes.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
/** `npm test` builds it; `npm run test:unit` alone need not find it. */
const isBuilt = existsSync(tracerFile)
const recordsWritten = 100
const layouts = (): Buffer => execFileSync(tracerFile, ['--layout'])
/** @param bytes of the whole record, 16 of them its header */
const recordFrame = (name: 'canary' | 'busy', monoNs: number, bytes: number): Buffer => {
  const reader = new TracerStream()
  for (const _ of reader.read(layouts()));
  const kind = Object.keys(recordFields).indexOf(name) + 1
  expect(reader.decoder?.nameOf(kind)).toBe(name)
  const payload = Buffer.alloc(bytes)
  payload.writeUInt32LE(kind, 0)
  payload.writeBigUInt64LE(BigInt(monoNs), 8)
  return frameBytes('record', payload)
}
/** What a tracer writes: its layouts, and a canary again and again. */
const written = (): Buffer => {
  const canaries = Array.from({ length: recordsWritten }, (_, number) =>
    recordFrame('canary', number + 1, 24),
  )
  return Buffer.concat([layouts(), ...canaries])
}
const ready = jsonFrame('ready', { attached: 3, lacking: 1, loadMs: 1, attachMs: 1 })
const probe = (program: string, subject: string, reason?: string) =>
  jsonFrame('probe', {
    program,
    subject,
    attached: reason === undefined,
    ...(reason ? { reason } : {}),
    errno: reason ? 2 : 0,
  })
const attaching = Buffer.concat([
  probe('start_transition', 'klp_start_transition'),
  probe('check_and_switch_task', 'klp_check_and_switch_task', 'this kernel has inlined it'),
  probe('update_patch_state', 'klp_update_patch_state'),
  ready,
])

describe.skipIf(!isBuilt)('a supervised tracer (dist/klpscope-tracer)', () => {
  let tracer: Tracer | undefined
  let served: ServedTracer | undefined
  afterEach(async () => {
    await tracer?.stop(performance.now() + 1_000)
    served?.close()
  })

  /** Runs a shell script in the tracer's place, which writes files of frames. */
  const supervise = async (script: string, files: Record<string, Uint8Array> = {}) => {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(dir.path(name), bytes)
    const program = dir.path('tracer')
    writeFileSync(program, `#!/bin/bash\ncd ${dir.path('')}\n${script}\n`)
    chmodSync(program, 0o755)
    const socket = dir.path('socket')
    served = await serveTracer(socket, program, [])
    const told: RawRecord[] = []
    const account = createAccount()
    const sink = { frame: () => undefined, tell: (record: RawRecord) => told.push(record) }
    tracer = superviseTracer(socket, readProbeHeaders(bpfDir), sink, account)
    const attached = (): RawProbeSet[][] =>
      told.flatMap((body) => (body.source === 'tracer' && body.what === 'attached' ? [body.probeSets] : []))
    const gaps = () => told.filter((body) => body.source === 'tracer' && body.what === 'gap')
    const records = () => told.filter(({ source }) => source === 'probe')
    return { tracer, account, attached, gaps, records }
  }
  /** Until its reader shuts its side down: poll(2) would tell, read(2) here. */
  const waiting = 'cat <&1 >/dev/null; cat last 2>/dev/null'

  it('says what is attached, what is lost without the rest, and passes its records on', async () => {
    const { tracer, attached, records, account } = await supervise(`cat frames\n${waiting}`, {
      frames: Buffer.concat([written(), attaching]),
    })
    await tracer.firstAttempt
    expect(attached()).toEqual([
      expect.arrayContaining([
        { name: 'transition', available: true },
        {
          name: 'tasks',
          available: true,
          lost: [
            {
              name: 'klp_check_and_switch_task',
              loss: expect.stringContaining('why a task is blocked'),
              reason: 'this kernel has inlined it',
              remedy: expect.any(String),
            },
          ],
        },
      ]),
    ])
    expect([tracer.sees('transition'), tracer.sees('tasks')]).toEqual([true, false])
    expect(records()).toHaveLength(recordsWritten)
    expect(account.open()).toBe(0)
  })

  it('is excused while it is busy, and not any more by what it said before, though it came at once', async () => {
    const { gaps } = await supervise(`cat frames\n${waiting}`, {
      frames: Buffer.concat([written(), attaching, recordFrame('busy', 1, 16), recordFrame('canary', 2, 24)]),
    })
    await expect
      .poll(gaps, { timeout: 10_000 })
      .toMatchObject([{ reason: expect.stringContaining('says nothing') }])
  })

  it('passes on what it writes when it is told to stop', async () => {
    const { tracer, records } = await supervise(`cat frames\n${waiting}`, {
      frames: Buffer.concat([written(), attaching]),
      last: written(),
    })
    await tracer.firstAttempt
    const before = records().length
    await tracer.stop(performance.now() + 2_000)
    expect(records()).toHaveLength(2 * before)
    expect(tracer.sees('transition')).toBe(false)
  })

  it('that ends by itself is started again, and the gap is told at both ends', async () => {
    const { tracer, attached, gaps, records } = await supervise('cat frames', {
      frames: Buffer.concat([written(), attaching]),
    })
    await tracer.firstAttempt
    await expect.poll(attached, { timeout: 10_000 }).toHaveLength(2)
    const last = records().at(-1)?.monoNs
    expect(gaps().slice(0, 2)).toMatchObject([
      { part: 'tracer', fromMonoNs: last, reason: 'the tracer ended (exit code 0)' },
      { part: 'tracer', fromMonoNs: last, reason: 'the tracer had to be restarted' },
    ])
  })

  const blindness = (over: boolean): Buffer => {
    const kind = Object.keys(recordFields).indexOf('blindness') + 1
    const payload = Buffer.alloc(16 + 8 + 8 + 512 + 128)
    payload.writeUInt32LE(kind, 0)
    payload.writeBigUInt64LE(9n, 8)
    payload.writeBigUInt64LE(5n, 16)
    payload.writeUInt32LE(Number(over), 24)
    payload.write('kernel.ftrace_enabled is 0', 32 + 512)
    return frameBytes('record', payload)
  }
  const lister = Buffer.concat([probe('list_tasks', 'list_tasks'), attaching])

  it('whose probes do not fire sees nothing and lists all the same, until they fire', async () => {
    const { tracer, attached, gaps } = await supervise(
      `cat frames; while [ ! -e go ]; do sleep 0.05; done; cat again\n${waiting}`,
      {
        frames: Buffer.concat([written(), lister, blindness(false)]),
        again: Buffer.concat([blindness(true), lister]),
      },
    )
    await expect.poll(attached).toHaveLength(2)
    for (const set of attached()[1] ?? [])
      expect(set).toMatchObject({
        available: false,
        reason: 'kernel.ftrace_enabled is 0',
        remedy: expect.stringContaining('sysctl'),
      })
    expect([tracer.sees('transition'), tracer.lists()]).toEqual([false, true])
    writeFileSync(dir.path('go'), '')
    await expect.poll(attached).toHaveLength(3)
    expect(attached()[2]).toEqual(attached()[0])
    expect([tracer.sees('transition'), tracer.lists()]).toEqual([true, true])
    expect(gaps()).toEqual([])
  })

  it('that says what it can attach once more, without one of its probes, is believed', async () => {
    const { tracer, attached } = await supervise(`cat frames; cat again\n${waiting}`, {
      frames: Buffer.concat([written(), attaching]),
      again: Buffer.concat([
        probe('start_transition', 'klp_start_transition', 'the kernel has disabled its probe'),
        probe('update_patch_state', 'klp_update_patch_state'),
        ready,
      ]),
    })
    await expect.poll(attached).toHaveLength(2)
    expect(attached()[1]?.map(({ name, available }) => [name, available])).toContainEqual([
      'transition',
      false,
    ])
    expect(attached()[1]?.find(({ name }) => name === 'tasks')).toEqual({ name: 'tasks', available: true })
    expect(tracer.sees('transition')).toBe(false)
  })

  it('that says nothing any more is told within 5 s, and started anew when it speaks', {
    timeout: 20_000,
  }, async () => {
    const { tracer, attached, gaps, records } = await supervise(
      `cat frames; [ -e go ] && exec sleep 60; while [ ! -e go ]; do sleep 0.05; done; cat late\n${waiting}`,
      { frames: Buffer.concat([written(), attaching]), late: written() },
    )
    await tracer.firstAttempt
    const last = records().at(-1)?.monoNs
    const saidMs = performance.now()
    await expect.poll(gaps, { timeout: 10_000, interval: 50 }).toHaveLength(1)
    expect(performance.now() - saidMs).toBeLessThan(5_200)
    expect(gaps()).toMatchObject([{ fromMonoNs: last, reason: expect.stringContaining('says nothing') }])
    expect(attached()[1]?.every(({ available }) => !available)).toBe(true)
    expect([tracer.sees('transition'), tracer.lists()]).toEqual([false, false])
    writeFileSync(dir.path('go'), '')
    await expect.poll(attached, { timeout: 10_000 }).toHaveLength(3)
    expect(attached()[2]).toEqual(attached()[0])
    // Nothing that it said after its silence, and all that the new one says.
    expect(records()).toHaveLength(2 * recordsWritten)
    expect(gaps().map((gap) => gap.source === 'tracer' && gap.what === 'gap' && gap.fromMonoNs)).toEqual(
      Array(3).fill(last),
    )
  })

  it.each([
    ['that cannot begin', 'echo "klpscope-tracer: it has to be started as root" >&2; exit 1', /as root/],
    ['that is something else', 'echo this is no stream of frames at all; exec sleep 60', /frames/],
  ])('%s is said to be blind, with the reason', async (_, script, reason) => {
    const { tracer, attached } = await supervise(script)
    await tracer.firstAttempt
    expect(attached()[0]?.length).toBeGreaterThan(4)
    for (const set of attached()[0] ?? [])
      expect(set).toMatchObject({ available: false, reason: expect.stringMatching(reason) })
  })

  it('that is not there is said to be blind', async () => {
    const told: RawRecord[] = []
    const sink = { frame: () => undefined, tell: (record: RawRecord) => told.push(record) }
    served = await serveTracer(dir.path('socket'), dir.path('none'), [])
    tracer = superviseTracer(dir.path('socket'), readProbeHeaders(bpfDir), sink, createAccount())
    await tracer.firstAttempt
    expect(told[0]).toMatchObject({
      probeSets: expect.arrayContaining([
        expect.objectContaining({ available: false, reason: 'the tracer is not there' }),
      ]),
    })
  })

  it('that nobody starts is said to be blind', async () => {
    const told: RawRecord[] = []
    const sink = { frame: () => undefined, tell: (record: RawRecord) => told.push(record) }
    tracer = superviseTracer(dir.path('nowhere'), readProbeHeaders(bpfDir), sink, createAccount())
    await tracer.firstAttempt
    expect(told[0]).toMatchObject({
      probeSets: expect.arrayContaining([
        expect.objectContaining({
          reason: expect.stringMatching(/^no tracer answers at .*nowhere \(ENOENT\)$/),
        }),
      ]),
    })
  })

  it('that is killed says by which signal it ended, and the one after it is another', async () => {
    const { tracer, gaps, attached } = await supervise('cat frames; echo $$ >pid; exec sleep 60', {
      frames: Buffer.concat([written(), attaching]),
    })
    await tracer.firstAttempt
    await expect.poll(() => existsSync(dir.path('pid'))).toBe(true)
    process.kill(Number(readFileSync(dir.path('pid'), 'utf8')), 'SIGKILL')
    await expect.poll(attached, { timeout: 10_000 }).toHaveLength(2)
    expect(gaps()).toMatchObject([
      { reason: 'the tracer ended (SIGKILL)' },
      { reason: 'the tracer had to be restarted' },
    ])
  })
})
