import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { momentAt, momentHash, momentQuery, readMoment } from '../../web/moment.ts'

describe('a moment in the address', () => {
  it('comes back as it was', () => {
    const moment = fc.record({
      time: fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
        .map((date) => date.toISOString().replace('Z', '123456Z')),
      seq: fc.option(fc.nat()),
    })
    fc.assert(
      fc.property(moment, (it) => {
        expect(readMoment(momentHash(it))).toEqual(it)
      }),
    )
  })

  it('may have been encoded on its way', () =>
    expect(readMoment('#at%3D2026-11-20T17%3A38%3A22.5Z%26seq%3D7')).toEqual({
      time: '2026-11-20T17:38:22.5Z',
      seq: 7,
    }))

  it.each([
    '',
    '#blocked',
    '#at=',
    '#at=noon',
    '#at=2026-13-01T00:00:00Z',
    '#at=%E0%A4%A',
    '#at=2026-11-20T17:38:22Z&seq=x',
  ])('%j is none', (hash) => expect(readMoment(hash)).toBeNull())

  it('is asked for by its time, and by its event where one is meant', () => {
    expect(momentQuery({ time: '2026-11-20T17:38:22+01:00', seq: 4 })).toBe(
      'at=2026-11-20T17%3A38%3A22%2B01%3A00&seq=4',
    )
    expect(momentQuery({ time: '2026-11-20T17:38:22+01:00', seq: null })).toBe(
      'at=2026-11-20T17%3A38%3A22%2B01%3A00',
    )
    expect(momentQuery(momentAt(0))).toBe('at=1970-01-01T00%3A00%3A00.000Z')
  })
})
