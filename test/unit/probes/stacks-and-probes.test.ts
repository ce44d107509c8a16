import { describe, expect, it } from 'vitest'
import type { Event, EventOf } from '../../../daemon/contract/event.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { readRecording, recordingNames, runRecords, runsOf } from '../support/recordings.ts'

/** The probe that tells of blocked tasks is lost, and so is what the kernel log says of them. */
const withoutReasons = (records: readonly RawRecord[]): RawRecord[] =>
  records.flatMap((record): RawRecord[] => {
    if (record.source === 'probe' && record.record.record === 'task-blocked') return []
    if (record.source === 'kernel-log' && 'line' in record && /klp_try_switch_task/.test(record.line))
      return []
    if (record.source !== 'tracer' || record.what !== 'attached') return [record]
    const name = 'klp_check_and_switch_task'
    const lost = [{ name, loss: 'why tasks are blocked', reason: 'it is not there', remedy: 'none' }]
    const probeSets = record.probeSets.map((set) => (set.name === 'tasks' ? { ...set, lost } : set))
    return [{ ...record, probeSets }]
  })

const eventsOf = (runs: readonly RawRecord[][]): Event[] =>
  runs.flatMap((run) => runRecords(run)).map(({ event }) => event)

/** Who slept in which function in which transition, by the place of that in the recording: their ids differ. */
const sleepersIn = (events: readonly Event[]): Set<string> => {
  const order = [...new Set(events.flatMap(({ transition }) => transition ?? []))]
  const told = events.filter((event): event is EventOf<'task-blocked'> => event.kind === 'task-blocked')
  return new Set(
    told
      .filter(({ reason }) => reason === 'sleeping-on-function')
      .map(
        ({ transition = '', comm, tid, function: name }) =>
          `${order.indexOf(transition)}: ${comm} (${tid}) in ${name}`,
      ),
  )
}

/** Those that were listed in a transition while they were on no CPU. */
const listed = (runs: readonly RawRecord[][]): Set<number> =>
  new Set(
    runs
      .flat()
      .flatMap((record) =>
        record.source === 'probe' && record.record.record === 'task-waited-for' && !record.record.onCpu
          ? [record.record.task.tid]
          : [],
      ),
  )

const recordings = recordingNames
  .map((name) => ({ name, runs: runsOf(readRecording(name)) }))
  .filter(({ runs }) => listed(runs).size > 0)

describe.each(recordings)('$name: the stacks', ({ runs }) => {
  const probes = sleepersIn(eventsOf(runs))
  const stacks = sleepersIn(eventsOf(runs.map(withoutReasons)))

  it('tell nothing that the probes did not see', () => {
    for (const one of stacks) expect(probes).toContain(one)
  })

  it('tell who slept in a function to be patched, and in which', () => {
    const seen = listed(runs)
    const expected = [...probes].filter((one) => seen.has(Number(/\((\d+)\)/.exec(one)?.[1])))
    expect([...stacks].sort()).toEqual(expected.sort())
  })
})
it('is proved by recordings of several kernels', () => expect(recordings.length).toBeGreaterThan(8))
