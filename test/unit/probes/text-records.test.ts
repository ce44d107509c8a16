import { describe, expect, it } from 'vitest'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import { type RawRecord, textRecord } from '../../../daemon/probes/raw-record.ts'
import type { TracerText } from '../../../daemon/raw/text.ts'

const text = (source: TracerText['source'], line: string, own: Partial<TracerText> = {}): RawRecord =>
  textRecord({
    source,
    text: line,
    monoNs: 9n,
    cut: false,
    unreadable: false,
    incomplete: false,
    lost: 0,
    earlier: false,
    ...own,
  })
const decode = (...records: RawRecord[]) => {
  const decoder = createDecoder()
  return records.flatMap((record) => decoder.decode(record))
}

describe('the list of ftrace sites', () => {
  const site = text('enabled-functions', 'klpt_proc_show [klpt_target] (1)   I')
  const end = (own: Partial<TracerText> = {}) => text('enabled-functions-end', '', own)

  it('is told at its end, each anew', () => {
    expect(decode(site)).toEqual([])
    expect(decode(site, end(), end())).toMatchObject([
      { kind: 'ftrace-sites-observed', sites: [{ object: 'klpt_target', function: 'klpt_proc_show' }] },
      { kind: 'ftrace-sites-observed', sites: [] },
    ])
  })

  it.each([{ unreadable: true }, { incomplete: true }])('is not known when it is %j', (own) =>
    expect(decode(site, end(own))).toMatchObject([{ kind: 'ftrace-sites-observed', sites: null }]),
  )

  it('that a tracer had begun ends with it', () => {
    const gap: RawRecord = {
      monoNs: '9',
      source: 'tracer',
      what: 'gap',
      part: 'tracer',
      fromMonoNs: '1',
      reason: 'r',
    }
    expect(decode(site, gap, end()).at(-1)).toMatchObject({ sites: [] })
  })
})

describe('the kernel log', () => {
  const line = (sequence: number, patch: string) =>
    `5,${sequence},93496370,-;livepatch: failed to enable patch '${patch}'`
  const told = (sequence: number, patch: string, own: Partial<TracerText> = {}) =>
    text('kernel-log', line(sequence, patch), own)
  const read = (sequence: number, patch: string): RawRecord => ({
    monoNs: '9',
    source: 'kernel-log',
    line: line(sequence, patch),
  })
  const refused = (...records: RawRecord[]) =>
    decode(...records).map((event) => (event.kind === 'patch-load-refused' ? event.patch : event.kind))

  it('tells the same whoever read it', () => {
    expect(refused(told(7, 'a'))).toEqual(['a'])
    expect(refused(read(7, 'a'))).toEqual(['a'])
  })

  it('is told once, whoever was first', () =>
    expect(refused(read(7, 'a'), told(7, 'a'), told(8, 'b'), read(8, 'b'))).toEqual(['a', 'b']))

  it('leaves out what is older than all who read it, and not what nobody read in between', () => {
    expect(refused(told(7, 'a', { earlier: true }), told(8, 'b'))).toEqual(['b'])
    const restarted = [told(7, 'a'), told(7, 'a', { earlier: true }), told(8, 'b', { earlier: true })]
    expect(refused(...restarted, told(9, 'c'))).toEqual(['a', 'b', 'c'])
  })

  it('says what was overwritten before it was read, and that it cannot be read', () => {
    expect(decode(text('kernel-log', '', { lost: 41 }))).toMatchObject([
      { kind: 'events-lost', source: 'kernel-log', count: 41 },
    ])
    expect(decode(text('kernel-log', '', { unreadable: true }))).toMatchObject([
      { kind: 'tracer-gap', source: 'kernel-log', reason: 'the kernel log cannot be read' },
    ])
  })
})
