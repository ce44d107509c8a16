import { describe, expect, it } from 'vitest'
import { parseMessage } from '../../web/parse-message.ts'
import { anEvent, aState } from './a-state.ts'

const snapshot = { type: 'snapshot', protocolVersion: 1, seq: 10, state: aState, events: [], series: [] }
const changes = { type: 'changes', seq: 11, state: {}, events: [], points: [] }
const parse = (value: unknown) => parseMessage(JSON.stringify(value))

describe('parseMessage', () => {
  it('takes a snapshot and changes as they are', () => {
    expect(parse(snapshot)).toEqual({ kind: 'message', message: snapshot, dropped: 0 })
    expect(parse(changes)).toEqual({ kind: 'message', message: changes, dropped: 0 })
  })

  it.each([
    ['{bad', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    ['{"type":"other"}', 'message type other'],
    ['{"type":"changes"}', 'no seq or no events'],
    ['{"type":"changes","seq":1,"events":[]}', 'no state'],
    ['{"type":"changes","seq":1,"events":[],"state":{}}', 'no points'],
    [
      '{"type":"changes","seq":1,"events":[],"state":{"blocked":4},"points":[]}',
      'state.blocked has another shape',
    ],
  ])('calls %s malformed', (text, why) => expect(parseMessage(text)).toEqual({ kind: 'malformed', why }))

  it('calls a snapshot without one of the keys malformed', () => {
    const { tracer: _, ...rest } = aState
    expect(parse({ ...snapshot, state: rest })).toEqual({
      kind: 'malformed',
      why: 'state.tracer has another shape',
    })
  })

  it('tells another protocol version from a malformed message', () => {
    expect(parse({ type: 'snapshot', protocolVersion: 2 })).toEqual({
      kind: 'incompatible',
      serverVersion: 2,
    })
  })

  it('leaves out and counts single events and points of another shape', () => {
    const good = anEvent('patch-enabled', { patch: 'p' })
    const point = { name: 'remaining-tasks', time: 1, value: null }
    const parsed = parse({
      ...changes,
      events: [good, { a: 1 }],
      points: [point, { name: 'x', time: 1, value: 'y' }],
    })
    expect(parsed).toEqual({
      kind: 'message',
      message: { ...changes, events: [good], points: [point] },
      dropped: 2,
    })
  })

  it('makes control characters visible wherever they are', () => {
    const parsed = parse({ ...changes, state: { headline: { ...aState.headline, text: 'a\u0007' } } })
    expect(parsed).toMatchObject({ message: { state: { headline: { text: 'a\\x07' } } } })
  })
})
