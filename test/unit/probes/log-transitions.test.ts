import { describe, expect, it } from 'vitest'
import type { Transition } from '../../../daemon/contract/state.ts'
import type { Step } from '../../../daemon/engine.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { readRecording, recordingNames, recordingsOf, runRecords, stepsOf } from '../support/recordings.ts'

/** Whose transitions the kernel log tells from their start on: no second run begins in the middle of one. */
const whole = recordingNames.filter((name) => !name.startsWith('restart') && !name.startsWith('no-'))

const ended = (steps: readonly Step[]): Transition[] => {
  const transitions = new Map<string, Transition>()
  for (const { state } of steps)
    if (state.lastTransition) transitions.set(state.lastTransition.id, state.lastTransition)
  return [...transitions.values()]
}
const story = ({ patch, direction, outcome, reversals, forced }: Transition) =>
  `${patch} ${direction} ${outcome}, reversed ${reversals} times${forced ? ', forced' : ''}`

/** As on a host without a tracer. */
const blind = (records: readonly RawRecord[]) =>
  records.filter(({ source }) => ['host', 'clock', 'sysfs', 'kernel-log', 'procfs-tasks'].includes(source))

describe.each(whole)('%s: the kernel log alone', (name) => {
  const told = ended(stepsOf(name))
  const logged = ended(runRecords(blind(readRecording(name))))

  it('tells the transitions that the probes tell', () => {
    expect(logged.map(story)).toEqual(told.map(story))
    expect(logged.filter(({ outcome }) => outcome !== 'cancelled').every((each) => each.startKnown)).toBe(
      true,
    )
  })

  it('tells how long they took', () => {
    for (const [index, { durationMs }] of logged.entries())
      expect(Math.abs(durationMs - (told[index]?.durationMs ?? 0)), `transition ${index}`).toBeLessThan(60)
  })
})

describe('lines that were lost', () => {
  const [name = ''] = recordingsOf('no-tracer')
  const records = readRecording(name)
  const isEnd = (record: RawRecord) =>
    record.source === 'kernel-log' && 'line' in record && / unpatching complete/.test(record.line)

  it('leave the end of a transition to sysfs', () => {
    const without = records.map(
      (record): RawRecord =>
        isEnd(record) ? { source: 'kernel-log', monoNs: record.monoNs, lost: 1 } : record,
    )
    expect(ended(runRecords(without)).map(story)).toEqual(ended(stepsOf(name)).map(story))
  })
})
