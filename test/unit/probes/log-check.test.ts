import { describe, expect, it } from 'vitest'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import {
  ofKind,
  readRecording,
  recordingNames,
  recordingsOf,
  runRecords,
  stepsOf,
} from '../support/recordings.ts'

const eventsOf = (records: readonly RawRecord[]) => runRecords(records).map(({ event }) => event)

it.each(recordingNames)('%s: the probes told all that the kernel log tells', (name) => {
  const events = stepsOf(name).map(({ event }) => event)
  expect(ofKind(events, 'tracer-gap').filter(({ source }) => source === 'probes')).toEqual([])
})

describe('a load that was refused while no probe fired', () => {
  const [name = ''] = recordingsOf('cancel')
  const records = readRecording(name)
  const timeOf = (record: 'patch-loading' | 'patch-loaded'): bigint => {
    const found = records
      .flatMap((each) => (each.source === 'probe' ? [each.record] : []))
      .find((each) => each.record === record && each.patch === 'klpt_patch_fail')
    if (!found) throw new Error(`no ${record} in ${name}`)
    return found.monoNs
  }
  const [beganNs, endedNs] = [timeOf('patch-loading'), timeOf('patch-loaded')]
  const silent = records.filter(
    (each) => each.source !== 'probe' || each.record.monoNs < beganNs || each.record.monoNs > endedNs,
  )
  const refused = {
    patch: 'klpt_patch_fail',
    reason: 'pre-patch-failed',
    cause: 'its pre-patch callback for klpt_target failed',
    basis: 'kernel-log',
  }

  it('is told by the kernel log, and that the probes missed it', () => {
    const events = eventsOf(silent)
    expect(ofKind(events, 'patch-load-refused')).toMatchObject([refused])
    const [gap, ...others] = ofKind(events, 'tracer-gap')
    expect(others).toEqual([])
    expect(gap).toMatchObject({
      source: 'probes',
      reason:
        'the kernel log tells what no probe told: the load of klpt_patch_fail was refused, a transition of klpt_patch_fail ended',
    })
    // From the last canary, at most two seconds before, to what the log says; its clock is known to a look at it.
    const sinceNs = beganNs - BigInt(gap?.fromMonoNs ?? 0)
    expect(sinceNs).toBeGreaterThan(-20_000_000n)
    expect(sinceNs).toBeLessThan(2_200_000_000n)
    expect(BigInt(gap?.toMonoNs ?? 0)).toBeGreaterThan(endedNs - 50_000_000n)
    expect(BigInt(gap?.toMonoNs ?? 0)).toBeLessThan(endedNs + 1_000_000_000n)
  })

  it('is told when the tracer says that it sees nothing, which is the gap then', () => {
    const isIt = (each: RawRecord) =>
      each.source === 'kernel-log' &&
      'line' in each &&
      /klpt_patch_fail': unpatching complete/.test(each.line)
    const events = eventsOf(
      silent.flatMap((each): RawRecord[] =>
        isIt(each)
          ? [
              each,
              {
                source: 'tracer',
                what: 'gap',
                monoNs: each.monoNs,
                part: 'tracer',
                fromMonoNs: String(beganNs),
                reason: 'it ended',
              },
            ]
          : [each],
      ),
    )
    expect(ofKind(events, 'patch-load-refused')).toMatchObject([refused])
    expect(ofKind(events, 'tracer-gap')).toMatchObject([{ source: 'tracer', reason: 'it ended' }])
  })
})
