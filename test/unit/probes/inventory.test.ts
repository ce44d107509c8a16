import { describe, expect, it } from 'vitest'
import type { EventDraft, EventOf } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import { isLivepatched } from '../../../daemon/probes/ftrace-sites.ts'
import { addressesOf } from '../../../daemon/probes/inventory.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { objectFact } from '../../../daemon/raw/enums.ts'
import { probe } from '../support/probe.ts'

const walk = 3
const patch = (name: string, own: { replace?: boolean } = {}) =>
  probe('inventory-patch', { walk, enabled: true, patch: name, ...own })
const state = (id: bigint, version: number) => probe('inventory-state', { walk, id, version })
const object = (callbacks: Record<string, bigint>) =>
  probe('inventory-object', {
    walk,
    facts: objectFact.PATCHED | objectFact.LOADED,
    object: 'klpt_target',
    ...callbacks,
  })
/** `stack`: the list node in func_stack, the next and the previous. */
const func = (
  name: string,
  addresses: [old: bigint, replacement: bigint],
  stack: [bigint, bigint, bigint],
  own: { nop?: boolean; transition?: boolean } = {},
) => {
  const [oldFunc, newFunc] = addresses
  const [stackNode, stackNext, stackPrev] = stack
  return probe('inventory-func', {
    walk,
    patched: true,
    oldFunc,
    newFunc,
    stackNode,
    stackNext,
    stackPrev,
    function: name,
    ...own,
  })
}

const show = 0xffffffffc0689cf0n
const sleep = 0xffffffffc0689fd0n
/** As on 6.1: klpt_patch_v2 is replacing klpt_patch_v1, with a no-op. Shortened. */
const records: RawRecord[] = [
  patch('klpt_patch_v1'),
  state(1n, 1),
  object({
    prePatch: 0xffffffffc0633115n,
    postPatch: 0xffffffffc0633101n,
    preUnpatch: 0xffffffffc06330edn,
    postUnpatch: 0xffffffffc0633130n,
  }),
  func(
    'klpt_proc_show',
    [show, 0xffffffffc06330d0n],
    [0xffffffffc06352f0n, 0xffff888102bb9510n, 0xffffffffc06a3290n],
  ),
  func(
    'klpt_sleep_in_function',
    [sleep, 0xffffffffc06330c0n],
    [0xffffffffc0635388n, 0xffff888102bb9b10n, 0xffff8881bfe3fc10n],
  ),
  patch('klpt_patch_v2', { replace: true }),
  state(1n, 2),
  state(2n, 1),
  object({
    prePatch: 0xffffffffc06a1060n,
    postPatch: 0xffffffffc06a11cdn,
    postUnpatch: 0xffffffffc06a11e1n,
  }),
  func(
    'klpt_proc_show',
    [show, 0xffffffffc06a11b0n],
    [0xffffffffc06a3290n, 0xffffffffc06352f0n, 0xffff888102bb9510n],
    { transition: true },
  ),
  func(
    'klpt_sleep_in_function',
    [sleep, sleep],
    [0xffff8881bfe3fc10n, 0xffffffffc0635388n, 0xffff888102bb9b10n],
    {
      nop: true,
      transition: true,
    },
  ),
]
const end = (complete: boolean, entries = records.length) =>
  probe('inventory-end', { monoNs: 54_927_052_610n, walk, complete, entries })

const known = new Map(
  ['0xffffffffc06330d0', '0xffffffffc06a11b0'].map((address, index) => [
    address,
    { address, name: `klpt_v${index + 1}_proc_show`, module: `klpt_patch_v${index + 1}` },
  ]),
)
/** How the tracer names all addresses of the inventory. */
const named = (suffix = ''): RawRecord[] => {
  const addresses = new Set(
    records
      .flatMap((each) => (each.source === 'probe' ? [each.record] : []))
      .flatMap((record) => {
        if (record.record === 'inventory-object')
          return [record.prePatch, record.postPatch, record.preUnpatch, record.postUnpatch]
        return record.record === 'inventory-func' ? [record.oldFunc, record.newFunc] : []
      }),
  )
  addresses.delete(0n)
  return [...addresses].map((address) => {
    const { name = '', module = '' } = known.get(`0x${address.toString(16)}`) ?? {}
    return probe('symbol', { address, start: address, name: name && name + suffix, module })
  })
}
const inventoried = (events: EventDraft[]) =>
  events.filter((event) => event.kind === 'patches-inventoried') as EventOf<'patches-inventoried'>[]
const symbolsIn = (events: EventDraft[]) =>
  inventoried(events).map(({ patches }) =>
    patches.map(({ objects }) => objects[0]?.functions.map(({ symbol }) => symbol)),
  )
const story = (...all: RawRecord[]) => {
  const decoder = createDecoder()
  return all.flatMap((record) => decoder.decode(record))
}

/** As earlier versions looked its symbols up. */
const decode = (all: RawRecord[], symbols = true) => {
  const decoder = createDecoder()
  const events = all.flatMap((record) => decoder.decode(record))
  if (!symbols) return events
  const asked = records
    .flatMap((each) => (each.source === 'probe' ? Object.values(each.record) : []))
    .filter((value) => typeof value === 'bigint')
    .map((value) => `0x${value.toString(16)}`)
  const found = asked.map((address) => known.get(address) ?? { address, name: null, module: null })
  return [...events, ...decoder.decode({ monoNs: '60000000000', source: 'symbols', symbols: found })]
}

describe('an inventory', () => {
  it('waits for its symbols', () => {
    expect(decode([...records, end(true)], false)).toEqual([])
  })

  it('tells the stack of implementations, no-ops, callbacks and states', () => {
    const [event] = decode([...records, end(true)]) as EventOf<'patches-inventoried'>[]
    expect(event).toMatchObject({ kind: 'patches-inventoried', asOfMonoNs: '54927052610' })
    const [v1, v2] = event?.patches ?? []
    expect(v2).toMatchObject({
      replace: true,
      states: [
        { id: '0x1', version: 2 },
        { id: '0x2', version: 1 },
      ],
    })
    expect(Object.keys(v2?.objects[0]?.callbacks ?? {})).toEqual(['pre_patch', 'post_patch', 'post_unpatch'])
    expect(v2?.objects[0]?.functions).toMatchObject([
      { name: 'klpt_proc_show', symbol: 'klpt_v2_proc_show', position: 0, transition: true, nop: false },
      { name: 'klpt_sleep_in_function', position: 0, transition: true, nop: true },
    ])
    expect(v1?.objects[0]?.functions).toMatchObject([
      { symbol: 'klpt_v1_proc_show', position: 1, transition: false },
      { name: 'klpt_sleep_in_function', position: 1 },
    ])
    expect(addressesOf(event?.patches ?? []).length).toBeGreaterThan(0)
  })

  it('is told when the tracer has named the last of its addresses', () => {
    const symbols = named()
    const all = [...records, end(true), ...symbols]
    expect(inventoried(story(...all.slice(0, -1)))).toEqual([])
    const [event] = inventoried(story(...all))
    expect(event?.patches).toEqual(inventoried(decode([...records, end(true)]))[0]?.patches)
  })

  it('names are told once, and go on to be true as long as each inventory holds their addresses', () => {
    const settled = records.map((record) =>
      record.source === 'probe' && record.record.record === 'inventory-patch'
        ? { ...record, record: { ...record.record, enabled: false } }
        : record,
    )
    const [first, second] = symbolsIn(story(...records, end(true), ...named(), ...settled, end(true)))
    expect(first?.[0]).toEqual(['klpt_v1_proc_show', null])
    expect(second).toEqual(first)
  })

  it.each(['patch-loading', 'patch-released', 'module-coming', 'module-gone'] as const)(
    'names have to be told anew after %s: another module may stand there',
    (name) => {
      const before = [...records, end(true), ...named(), probe(name), ...records, end(true)]
      expect(inventoried(story(...before))).toHaveLength(1)
      expect(symbolsIn(story(...before, ...named('_new'))).map((symbols) => symbols[0]?.[0])).toEqual([
        'klpt_v1_proc_show',
        'klpt_v1_proc_show_new',
      ])
    },
  )

  it('that was disturbed is not told', () => {
    expect(decode([...records, end(false)])).toEqual([])
  })

  it('that lost a record is a failure on the record', () => {
    expect(decode([...records, end(true, records.length + 1)], false)).toMatchObject([
      { kind: 'decode-failed' },
    ])
  })
})

describe('a line of enabled_functions', () => {
  it.each([
    ['cmdline_proc_show (1)   I  \ttramp: 0xffffffffc06aa000 (klp_ftrace_handler+0x0/0x110)', true],
    ['klpt_proc_show [klpt_target] (2) R I     M  ->arch_ftrace_ops_list_func+0x0/0x1e0', true],
    ['klp_module_going (1) R    \ttramp: 0xffffffffc058f000 (kprobe_ftrace_handler+0x0/0x1b0)', false],
  ])('%s', (line, livepatched) => expect(isLivepatched(line)).toBe(livepatched))
})
