import { describe, expect, it } from 'vitest'
import type { EventDraft } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { shadowWhat } from '../../../daemon/probes/shadow-event.ts'
import { probe } from '../support/probe.ts'

const caller = 0xffffffffc0359084n
const id = 4097n

/** So many variables were allocated from there; told when `tick` comes. */
const counts = (allocations: number): RawRecord =>
  probe('shadow-allocations', { id, caller, allocations: BigInt(allocations) })
const tick = probe('shadow-counted', { ids: 0n })
const user = probe('shadow-user', { id, caller })
const named = (module: string | null, name: string | null, livepatch = true): RawRecord => ({
  monoNs: '1',
  source: 'shadow-callers',
  callers: [{ address: `0x${caller.toString(16)}`, module, function: name, livepatch }],
})
const decode = (...records: RawRecord[]): EventDraft[] => {
  const decoder = createDecoder()
  return records.flatMap((record) => decoder.decode(record))
}
const lastCounts = (...records: RawRecord[]) => decode(...records, tick).at(-1)

describe('who allocates', () => {
  const three = counts(3)

  it('waits for a name, of the module first and of the function later', () => {
    expect(lastCounts(user, three)).not.toHaveProperty('counts.0.allocators')
    expect(lastCounts(user, named('klpt_patch_v1', null), three)).toMatchObject({
      counts: [{ allocators: [{ module: 'klpt_patch_v1', function: null, livepatch: true, allocated: 3 }] }],
    })
    const all = [user, named('klpt_patch_v1', null), three, tick, named('klpt_patch_v1', 'create')]
    expect(lastCounts(...all)).toMatchObject({
      counts: [
        {
          allocators: [{ module: 'klpt_patch_v1', function: 'create', allocated: 3 }],
          users: ['klpt_patch_v1'],
        },
      ],
    })
  })

  it('two modules may stand at one address, one after the other', () => {
    const five = counts(5)
    expect(lastCounts(user, named('old', 'f'), three, tick, user, named('new', 'f'), five)).toMatchObject({
      counts: [
        {
          allocators: [
            { module: 'old', allocated: 3 },
            { module: 'new', allocated: 2 },
          ],
          users: ['new', 'old'],
        },
      ],
    })
  })

  it('a module that is no livepatch is no user', () =>
    expect(lastCounts(user, named('klpt_target', 'f', false), three)).not.toHaveProperty('counts.0.users'))

  it('a single event has the patch and function it was called from', () => {
    const one = probe('shadow-call', { object: 1n, id: 4097n, bytes: 8n, what: shadowWhat.allocated, caller })
    expect(decode(user, named('klpt_patch_v1', 'create'), one)).toMatchObject([
      { kind: 'shadow-allocated', patch: 'klpt_patch_v1', function: 'create' },
    ])
  })
})

describe('a caller in a module that was not in the kernel’s list yet', () => {
  const five = counts

  it('is the module’s once it is found there, with all that it allocated', () =>
    expect(
      lastCounts(user, named(null, null, false), five(5), tick, named('p', null), five(6)),
    ).toMatchObject({
      counts: [{ allocators: [{ module: 'p', livepatch: true, allocated: 6 }], users: ['p'] }],
    }))

  it('is not that of another module that stands there later', () => {
    const first = [user, named(null, null, false), five(5), tick]
    expect(lastCounts(...first, user, named('q', 'q_f'), five(7))).toMatchObject({
      counts: [
        {
          allocators: [
            { module: null, allocated: 5 },
            { module: 'q', function: 'q_f', allocated: 2 },
          ],
          users: ['q'],
        },
      ],
    })
  })
})

describe('who allocates, as the tracer names them', () => {
  const three = counts(3)
  const symbol = (name: string, module: string) =>
    probe('symbol', { address: caller, start: caller - 4n, name, module })
  const loading = (patch: string) => probe('patch-loading', { patch })

  it('is named by the symbol at the address, also when that came first', () => {
    const owner = { module: 'p', function: 'create', livepatch: true, allocated: 3 }
    const expected = { counts: [{ allocators: [owner], users: ['p'] }] }
    expect(lastCounts(loading('p'), user, symbol('create', 'p'), three)).toMatchObject(expected)
    expect(lastCounts(loading('p'), symbol('create', 'p'), user, three)).toMatchObject(expected)
    expect(lastCounts(loading('p'), user, three, symbol('create', 'p'))).toMatchObject(expected)
  })

  it('is a livepatch also when it uses variables before it says so', () =>
    expect(lastCounts(user, symbol('create', 'p'), three, tick, loading('p'))).toMatchObject({
      counts: [{ allocators: [{ module: 'p', livepatch: true }], users: ['p'] }],
    }))

  it('may be vmlinux, or nobody known', () => {
    expect(lastCounts(user, symbol('f', ''), three)).toMatchObject({
      counts: [{ allocators: [{ module: null, function: 'f', livepatch: false }] }],
    })
    expect(lastCounts(user, symbol('', ''), three)).toMatchObject({
      counts: [{ allocators: [{ module: null, function: null }] }],
    })
  })

  it('is another once another module may stand there', () => {
    const first = [loading('p'), user, symbol('f', 'p'), three, tick]
    const second = [loading('q'), user, symbol('f', 'q'), counts(5)]
    expect(lastCounts(...first, ...second)).toMatchObject({
      counts: [
        {
          allocators: [
            { module: 'p', allocated: 3 },
            { module: 'q', allocated: 2 },
          ],
          users: ['p', 'q'],
        },
      ],
    })
  })
})
