import { describe, expect, it } from 'vitest'
import { followUp } from '../../../daemon/sources/follow-up.ts'
import { askedLine, mapLine, tupleLine } from '../support/raw.ts'
import { readRecording, recordingNames } from '../support/recordings.ts'

const blocked = (tid: unknown, errno = 98) =>
  tupleLine('task.blocked', 1, 2, tid, 9, errno, 'f', 0, 1, 1, 'name')

it('a blocked task is inspected', () =>
  expect(followUp(blocked(264))).toEqual({
    inspect: 264,
    requester: false,
    suspectBpf: false,
    cutName: false,
  }))

it('when its stack is not reliable, BPF programs are suspected', () =>
  expect(followUp(blocked(264, 22))).toMatchObject({ inspect: 264, suspectBpf: true }))

it('who asks for a transition is identified', () =>
  expect(followUp(askedLine(10))).toEqual({ inspect: 10, requester: true }))

it('idle tasks have no /proc', () => expect(followUp(blocked(0))).toBeNull())

describe('nothing follows from', () => {
  it.each([
    ['other records', tupleLine('task.switched', 1, 2, 264, 264, 1, 0, 'name')],
    ['a name made to look like a record', tupleLine('task.switched', 1, 2, 264, 264, 1, 0, '"task.blocked"')],
    ['maps', mapLine('@tries', { '1,264,0': 1 })],
    ['a line that is cut off', blocked(264).slice(0, -3)],
    ['a line that only mentions it', '"task.blocked"'],
    ['a record without its elements', tupleLine('task.blocked', 1)],
    ['a tid that is none', blocked('264; rm -rf /')],
    ['a line without data', '{"x": "task.blocked"} '],
    ['data that is no list', '{"data": 7, "x": "task.blocked"}'],
  ])('%s', (_, line) => expect(followUp(line)).toBeNull())
})

it.each(recordingNames)('in %s every blocked task and every requester was followed up', (name) => {
  const records = readRecording(name)
  const asked = records.flatMap((record) =>
    record.source === 'bpftrace' ? (followUp(record.line) ?? []) : [],
  )
  const answered = records.flatMap((record) =>
    record.source === 'procfs-task' ? [`${record.tid} ${record.requester}`] : [],
  )
  for (const { inspect, requester } of asked) expect(answered).toContain(`${inspect} ${requester}`)
})
