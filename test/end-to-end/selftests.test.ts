import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventOf } from '../../daemon/contract/event.ts'
import type { Transition } from '../../daemon/contract/state.ts'
import { ensureSelftests } from '../lab/selftests.ts'
import { loggedTransitions, wrongTimes } from './support/ground-truth.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { loggedRefusals } from './support/logged-refusals.ts'
import { readRecord } from './support/record.ts'

/** How far apart the log's time of something may be from the record's, in seconds. */
const apartS = 0.5

describe.each(kernels)("the kernel's own livepatch selftests on Linux %s", (kernel) => {
  let lab: LabSession
  let record: ReturnType<typeof readRecord>
  let dmesg: string
  const codes = (folder: string) =>
    Object.fromEntries(
      readdirSync(join(lab.outDir, folder))
        .filter((name) => name.endsWith('.code'))
        .map((name) => [name.replace('.code', ''), Number(lab.read(`${folder}/${name}`))]),
    )
  const seconds = (monoNs: string) => Number(monoNs) / 1e9
  const near = (monoNs: string, atS: number) => Math.abs(seconds(monoNs) - atS) < apartS
  const ofKind = <K extends EventOf<'tracer-gap' | 'patch-load-refused' | 'module-refused'>['kind']>(
    kind: K,
  ) => record.events.filter((event): event is EventOf<K> => event.kind === kind)
  const inGap = (atS: number) =>
    ofKind('tracer-gap').some(
      ({ fromMonoNs, toMonoNs }) => seconds(fromMonoNs) - apartS < atS && atS < seconds(toMonoNs) + apartS,
    )

  beforeAll(async () => {
    const suite = await ensureSelftests(kernel, (message) => process.stderr.write(`lab: ${message}\n`))
    lab = await openLab(kernel, 'selftests.sh', { timeoutS: 1200 })
    await lab.at('suite')
    symlinkSync(suite, join(lab.outDir, 'suite'))
    lab.go('suite')
    const outcome = await lab.outcome
    expect(outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    record = readRecord(lab.outDir)
    dmesg = lab.read('dmesg.txt')
  })
  afterAll(() => lab?.stop())

  it('pass with the daemon attached', () => {
    const told = codes('with')
    expect(Object.keys(told)).toEqual(expect.arrayContaining(['test-livepatch.sh', 'test-callbacks.sh']))
    const said = (folder: string) =>
      Object.entries(codes(folder)).map(
        ([name, code]) =>
          `${folder} the daemon ${name} ended with ${code}:\n${lab.read(`${folder}/${name}.txt`)}`,
      )
    const failed = Object.keys(told).filter((name) => told[name] !== 0)
    expect(failed, [...said('with'), ...said('without')].join('\n')).toEqual([])
  })

  it('have every transition that their log tells in the record, or in a gap', () => {
    const logged = loggedTransitions(dmesg)
    expect(logged.length).toBeGreaterThan(20)
    const fits = (recorded: Transition, told: (typeof logged)[number]) =>
      (['patch', 'direction', 'outcome', 'reversals', 'forced'] as const).every(
        (name) => recorded[name] === told[name],
      ) && wrongTimes(recorded, told, apartS).length === 0
    const left = [...record.transitions]
    const missing = logged.filter((told) => {
      const index = left.findIndex((recorded) => fits(recorded, told))
      if (index >= 0) left.splice(index, 1)
      return index < 0 && !inGap(told.startS)
    })
    expect(missing).toEqual([])
    // In a gap the kernel log and sysfs tell, less exactly.
    expect(left.filter(({ startedMonoNs }) => !inGap(seconds(startedMonoNs)))).toEqual([])
  })

  it('have every refusal that their log tells in the record', () => {
    const logged = loggedRefusals(dmesg)
    expect(logged.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['patch-load-refused', 'module-refused']),
    )
    const told = [...ofKind('patch-load-refused'), ...ofKind('module-refused')]
    const missing = logged.filter(
      ({ kind, patch, object, atS }) =>
        !told.some(
          (event) =>
            event.kind === kind &&
            event.patch === patch &&
            (event.kind === 'patch-load-refused' || event.object === object) &&
            near(event.monoNs, atS),
        ),
    )
    expect(missing).toEqual([])
    expect(told).toHaveLength(logged.length)
  })

  it('leave nothing undecodable, and lose nothing', () => {
    const kinds = new Set(record.events.map(({ kind }) => kind))
    expect(kinds).not.toContain('decode-failed')
    expect(kinds).not.toContain('events-lost')
  })
})
