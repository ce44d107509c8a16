import { describe, expect, it } from 'vitest'
import type { Event } from '../../daemon/contract/event.ts'
import type { ServerMessage } from '../../daemon/contract/message.ts'
import { applyMessage, countMalformed, emptyView, keptEvents, keptMs, type View } from '../../web/view.ts'
import { anEvent, aState } from './a-state.ts'

const at = Date.parse(aState.time)
type Snapshot = Extract<ServerMessage, { type: 'snapshot' }>
type Changes = Extract<ServerMessage, { type: 'changes' }>

const snapshot = (own: Partial<Snapshot> = {}): Snapshot => ({
  type: 'snapshot',
  protocolVersion: 1,
  seq: 10,
  state: aState,
  events: [],
  series: [],
  ...own,
})
const changes = (own: Partial<Changes> = {}): Changes => ({
  type: 'changes',
  seq: 11,
  state: {},
  events: [],
  points: [],
  ...own,
})
const signalled = (seq: number): Event =>
  anEvent('transition-signalled', { patch: 'p', direction: 'patching', round: 1 }, seq)
const tries = (seq: number): Event => anEvent('task-tries', { tries: [] }, seq)
const seqs = (view: View) => view.events.map((event) => event.seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const fold = (...messages: ServerMessage[]) =>
  messages.reduce<View>((view, message) => applyMessage(view, message, at), emptyView)

describe('state', () => {
  it('comes from the snapshot; changes replace whole keys and leave the others as they are', () => {
    const before = fold(snapshot())
    const after = applyMessage(before, changes({ state: { blockedTotal: 3 } }), at)
    expect(after.state).toEqual({ ...aState, blockedTotal: 3 })
    expect(after.state?.patches).toBe(before.state?.patches)
    expect(after.seq).toBe(11)
  })

  it('keeps its identity through an empty heartbeat', () => {
    const before = fold(snapshot())
    const after = applyMessage(before, changes(), at + 2000)
    expect(after.state).toBe(before.state)
    expect(after.events).toBe(before.events)
    expect(after.series).toBe(before.series)
    expect(after.receivedAt).toBe(at + 2000)
  })

  it('is not invented by changes that come before any snapshot', () => {
    expect(fold(changes({ state: { blockedTotal: 3 }, events: [signalled(1)] })).state).toBeNull()
  })
})

describe('events', () => {
  it('stand newest first, and an overlap after a resume is taken once', () => {
    const view = fold(
      snapshot({ events: [signalled(8), signalled(9)] }),
      changes({ events: [signalled(9), signalled(10), signalled(11)] }),
    )
    expect(seqs(view)).toEqual([11, 10, 9, 8])
  })

  it('are kept up to a limit', () => {
    const view = fold(snapshot(), changes({ events: range(1, keptEvents + 50).map(signalled) }))
    expect(view.events).toHaveLength(keptEvents)
    expect(view.events[0]?.seq).toBe(keptEvents + 50)
  })

  it('that are measurements give way to those that tell the story', () => {
    const view = fold(
      snapshot(),
      changes({ events: [signalled(1), ...range(2, keptEvents + 100).map(tries)] }),
    )
    expect(view.events.at(-1)?.kind).toBe('transition-signalled')
    expect(view.events.filter((event) => event.kind === 'task-tries')).toHaveLength(100)
  })

  it('survive a fresh snapshot that joins on to them', () => {
    const view = fold(
      snapshot({ events: [signalled(8), signalled(9)] }),
      snapshot({ seq: 12, events: [signalled(10)] }),
    )
    expect(seqs(view)).toEqual([10, 9, 8])
  })

  it('are dropped when a hole or another record lies between', () => {
    const first = snapshot({ events: [signalled(8), signalled(9)] })
    expect(seqs(fold(first, snapshot({ seq: 40, events: [signalled(30)] })))).toEqual([30])
    expect(seqs(fold(first, snapshot({ seq: 3, events: [signalled(2)] })))).toEqual([2])
    const rebooted = { ...aState, host: { hostname: 'db-17', kernel: '6.12', bootId: 'boot-2', cpus: 4 } }
    expect(seqs(fold(first, snapshot({ seq: 12, state: rebooted, events: [signalled(10)] })))).toEqual([10])
  })
})

describe('series', () => {
  const series = [{ name: 'remaining-tasks', times: [at - 2000, at - 1000], values: [5, null] }]
  const point = (time: number, value: number | null, name = 'remaining-tasks') => ({ name, time, value })

  it('grow by points, with nulls kept as gaps, and leave the old columns alone', () => {
    const before = fold(snapshot({ series }))
    const after = applyMessage(before, changes({ points: [point(at, 4), point(at + 1000, null)] }), at)
    expect(after.series['remaining-tasks']?.values).toEqual([5, null, 4, null])
    expect(after.series['remaining-tasks']?.times).toEqual([at - 2000, at - 1000, at, at + 1000])
    expect(before.series['remaining-tasks']?.values).toEqual([5, null])
  })

  it('begin with their first point', () => {
    const view = fold(snapshot(), changes({ points: [point(at, 7, 'shadow-live:0x1')] }))
    expect(view.series['shadow-live:0x1']).toEqual({ name: 'shadow-live:0x1', times: [at], values: [7] })
  })

  it('stay ascending when points come twice or late', () => {
    const view = fold(snapshot({ series }), changes({ points: [point(at - 1000, 3), point(at - 5000, 9)] }))
    expect(view.series['remaining-tasks']).toEqual({
      name: 'remaining-tasks',
      times: [at - 2000, at - 1000],
      values: [5, 3],
    })
  })

  it('forget what is older than 15 minutes', () => {
    const old = [{ name: 'remaining-tasks', times: [at - keptMs - 1, at - 1000], values: [5, 4] }]
    expect(fold(snapshot({ series: old })).series['remaining-tasks']?.times).toEqual([at - 1000])
    const later = fold(snapshot({ series }), changes({ points: [point(at - 1500 + keptMs, 1)] }))
    expect(later.series['remaining-tasks']?.values).toEqual([null, 1])
  })
})

describe('the clock', () => {
  const timed = (ms: number) => changes({ state: { time: new Date(ms).toISOString() } })

  it('takes the largest offset seen, since delays only make it smaller', () => {
    const delayed = applyMessage(emptyView, snapshot(), at + 400)
    expect(delayed.clockOffsetMs).toBe(-400)
    const quicker = applyMessage(delayed, timed(at + 2000), at + 2050)
    expect(quicker.clockOffsetMs).toBe(-50)
    expect(applyMessage(quicker, timed(at + 4000), at + 4300).clockOffsetMs).toBe(-50)
  })

  it('believes a large step back', () => {
    expect(applyMessage(fold(snapshot()), timed(at - 3_600_000), at).clockOffsetMs).toBe(-3_600_000)
  })
})

it('counts what could not be understood and remembers the last cause', () => {
  expect(countMalformed(emptyView, 2, 'not a JSON object')).toMatchObject({
    malformed: 2,
    lastMalformed: 'not a JSON object',
  })
  expect(countMalformed(emptyView, 0, 'nothing')).toBe(emptyView)
})
