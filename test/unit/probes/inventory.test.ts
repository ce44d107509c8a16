import { describe, expect, it } from 'vitest'
import type { EventOf } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import { isLivepatched } from '../../../daemon/probes/ftrace-sites.ts'
import { addressesOf } from '../../../daemon/probes/inventory.ts'
import { bpftrace, tupleLine } from '../support/raw.ts'

const high = 4294967295

/** As bpftrace 0.17 printed it on 6.1: klpt_patch_v2 is replacing klpt_patch_v1, with a no-op. Shortened. */
const walk: unknown[][] = [
  ['inventory.begin', 10],
  ['inventory.patch', 'klpt_patch_v1', 1, 0, 0],
  ['inventory.state', 0, 1, 1],
  ['inventory.object', 'klpt_target', 1, 1, 0, 1],
  ['inventory.callbacks', high, 3227726101, high, 3227726081, high, 3227726061, high, 3227726128],
  // biome-ignore format: one record a line
  ['inventory.func', 'klpt_proc_show', 0, high, 3228102768, high, 3227726032, 0, 1, 0, high, 3227734768, 4281642466, 45848336, high, 3228185360],
  // biome-ignore format: one record a line
  ['inventory.func', 'klpt_sleep_in_function', 0, high, 3228103504, high, 3227726016, 0, 1, 0, high, 3227734920, 4281642466, 45849872, 4281642466, 3219360880],
  ['inventory.patch', 'klpt_patch_v2', 1, 1, 0],
  ['inventory.state', 0, 1, 2],
  ['inventory.state', 0, 2, 1],
  ['inventory.object', 'klpt_target', 1, 1, 0, 1],
  ['inventory.callbacks', high, 3228176480, high, 3228176845, 0, 0, high, 3228176865],
  // biome-ignore format: one record a line
  ['inventory.func', 'klpt_proc_show', 0, high, 3228102768, high, 3228176816, 0, 1, 1, high, 3228185360, high, 3227734768, 4281642466, 45848336],
  // biome-ignore format: one record a line
  ['inventory.func', 'klpt_sleep_in_function', 0, high, 3228103504, high, 3228103504, 1, 1, 1, 4281642466, 3219360880, high, 3227734920, 4281642466, 45849872],
]
const end = (complete: 0 | 1, functions = 4) => [
  'inventory.end',
  54,
  927052610,
  10,
  2,
  3,
  2,
  functions,
  complete,
]

const decode = (records: unknown[][], symbols = true) => {
  const decoder = createDecoder()
  const events = records.flatMap((record) => decoder.decode(bpftrace(tupleLine(...record))))
  const found = ['ffffffffc06330d0', 'ffffffffc06a11b0'].map((address, index) => ({
    address: `0x${address}`,
    name: `klpt_v${index + 1}_proc_show`,
    module: `klpt_patch_v${index + 1}`,
  }))
  if (!symbols) return events
  const known = new Map(found.map((symbol) => [symbol.address, symbol]))
  const asked = ([3227726101, 3227726081, 3227726061, 3227726128, 3228102768, 3227726032] as number[])
    .concat([3228103504, 3227726016, 3228176480, 3228176845, 3228176865, 3228176816])
    .map((low) => `0xffffffff${low.toString(16)}`)
  const all = asked.map((address) => known.get(address) ?? { address, name: null, module: null })
  return [...events, ...decoder.decode({ monoNs: '60000000000', source: 'symbols', symbols: all })]
}

describe('an inventory', () => {
  it('waits for its symbols', () => {
    expect(decode([...walk, end(1)], false)).toEqual([])
  })

  it('tells the stack of implementations, no-ops, callbacks and states', () => {
    const [event] = decode([...walk, end(1)]) as EventOf<'patches-inventoried'>[]
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

  it('that was disturbed is not told', () => {
    expect(decode([...walk, end(0)])).toEqual([])
  })

  it('that lost a record is a failure on the record', () => {
    expect(decode([...walk, end(1, 5)], false)).toMatchObject([{ kind: 'decode-failed' }])
  })
})

describe('a line of enabled_functions', () => {
  it.each([
    ['cmdline_proc_show (1)   I  \ttramp: 0xffffffffc06aa000 (klp_ftrace_handler+0x0/0x110)', true],
    ['klpt_proc_show [klpt_target] (2) R I     M  ->arch_ftrace_ops_list_func+0x0/0x1e0', true],
    ['klp_module_going (1) R    \ttramp: 0xffffffffc058f000 (kprobe_ftrace_handler+0x0/0x1b0)', false],
  ])('%s', (line, livepatched) => expect(isLivepatched(line)).toBe(livepatched))
})
