import { describe, expect, it } from 'vitest'
import {
  checkLog,
  checkLogFrom,
  freshLogCheck,
  stories,
  tellDoubts,
  toldByLog,
  toldByProbe,
} from '../../../daemon/probes/log-check.ts'
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

describe('a transition whose end no probe told', () => {
  const [name = ''] = recordingsOf('replace')
  const ends = readRecording(name).filter(
    (each) => each.source === 'probe' && each.record.record === 'transition-ended',
  )
  const withoutEnd = readRecording(name).filter(
    (each) =>
      each.source !== 'probe' ||
      !['transition-ended', 'patch-settled'].includes(each.record.record) ||
      each.monoNs > (ends[0]?.monoNs ?? '0'),
  )
  const whole = stepsOf(name).map(({ event }) => event)
  const events = eventsOf(withoutEnd)

  it('has ended by the kernel log, when the next begins', () => {
    const [first, ...others] = ofKind(events, 'transition-completed')
    const [seen, ...othersSeen] = ofKind(whole, 'transition-completed')
    expect(first).toMatchObject({ patch: seen?.patch, direction: seen?.direction, basis: 'kernel-log' })
    expect(Math.abs(Number(first?.monoNs) - Number(seen?.monoNs)) / 1e6).toBeLessThan(300)
    expect(others.map(({ patch, direction }) => [patch, direction])).toEqual(
      othersSeen.map(({ patch, direction }) => [patch, direction]),
    )
    expect(ofKind(events, 'tracer-gap')).toMatchObject([
      {
        source: 'probes',
        reason: `the kernel log tells what no probe told: a transition of ${seen?.patch} ended`,
      },
    ])
  })

  it('leaves nothing behind for the end of the next', () => {
    const calledOnce = (of: typeof whole) =>
      ofKind(of, 'callback-called').map(({ patch, object, callback }) => `${patch} ${object} ${callback}`)
    expect(calledOnce(events).filter((call) => !calledOnce(whole).includes(call))).toEqual([])
    expect(calledOnce(events).length).toBeLessThanOrEqual(calledOnce(whole).length)
  })
})

describe('a line of the log and what a probe told', () => {
  const ended = stories.end('klpt_patch_v1')
  const second = 1_000_000_000n
  const at = (seconds: number) => String(BigInt(Math.round(seconds * 1000)) * 1_000_000n)
  const attached = () => {
    const memory = freshLogCheck()
    checkLogFrom(memory, at(10))
    return memory
  }
  const line = (memory: ReturnType<typeof attached>, seconds: number) => toldByLog(memory, ended, at(seconds))

  it.each([
    [30.1, 30.0],
    [30.0, 30.1],
  ])('are one, whoever was first (%s s, %s s)', (written, told) => {
    const memory = attached()
    line(memory, written)
    toldByProbe(memory, ended, at(told))
    expect(checkLog(memory, at(40))).toEqual([])
    expect(memory).toMatchObject({ probes: [], doubts: [] })
  })

  it('are one by the time, where the same happens again in the next moment', () => {
    const memory = attached()
    line(memory, 30)
    for (const seconds of [30.4, 30.8]) {
      line(memory, seconds + 0.01)
      toldByProbe(memory, ended, at(seconds))
    }
    expect(checkLog(memory, at(30.9))).toEqual([])
    expect(checkLog(memory, at(40))).toMatchObject([
      { kind: 'tracer-gap', source: 'probes', fromMonoNs: at(10), toMonoNs: at(30) },
    ])
    expect(checkLog(memory, at(50))).toEqual([])
  })

  it('are compared only while probes are attached', () => {
    const memory = freshLogCheck()
    line(memory, 30)
    checkLogFrom(memory, at(31))
    line(memory, 30.5)
    expect(checkLog(memory, String(100n * second))).toEqual([])
  })

  it('are told once when the probes are known to be silent', () => {
    const memory = attached()
    const event = { kind: 'patch-disabled', monoNs: at(30), patch: 'klpt_patch_v1' } as const
    toldByLog(memory, ended, at(30), [event])
    toldByLog(memory, ended, at(31), [{ ...event, monoNs: at(31) }])
    toldByProbe(memory, ended, at(30))
    expect(tellDoubts(memory)).toEqual([{ ...event, monoNs: at(31) }])
    expect(tellDoubts(memory)).toEqual([])
  })
})
