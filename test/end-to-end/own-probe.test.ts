import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventOf } from '../../daemon/contract/event.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

describe.each(kernels)('users’ own probes on Linux %s', (kernel) => {
  let lab: LabSession
  let record: ReturnType<typeof readRecord>
  beforeAll(async () => {
    lab = await openLab(kernel, 'own-probe.sh', { timeoutS: 1_500 })
    await lab.outcome
    record = readRecord(lab.outDir)
  })
  afterAll(() => lab?.stop())

  const ofKind = <K extends 'custom' | 'tracer-gap' | 'events-lost'>(kind: K): EventOf<K>[] =>
    record.events.filter((event): event is EventOf<K> => event.kind === kind)
  const customOf = (probe: string) => ofKind('custom').filter((event) => event.probe === probe)
  const texts = (probe: string) => customOf(probe).map(({ fields }) => fields.map(({ value }) => value))

  it('the script came to its end: everything ended with the daemon', async () =>
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 }))

  it('a tuple, a line and a map are events of the record', () => {
    expect(customOf('mixed')).toContainEqual(
      expect.objectContaining({ what: 'tuple', fields: [{ value: 'ready' }, { value: 7 }] }),
    )
    expect(texts('mixed')).toContainEqual(['read by cat'])
    const maps = customOf('callers')
    expect(maps.length).toBeGreaterThan(0)
    for (const map of maps) expect(map).toMatchObject({ what: 'map', map: '@calls' })
    expect(maps.flatMap(({ fields }) => fields)).toContainEqual({
      name: expect.stringMatching(/cat.*(cmdline_proc_show|seq_read)/),
      value: expect.any(Number),
    })
  })

  it('a hostile name is text like any other', () =>
    expect(texts('mixed')).toContainEqual(['read by \\x1b[31m<b>"\\']))

  it('every line is told or counted as lost', () => {
    const told = texts('mixed').filter(([text]) => text === 'allocated').length
    const lost = ofKind('events-lost').filter(({ source }) => source === 'probe mixed')
    expect(lost.length).toBeGreaterThan(0)
    expect(told + lost.reduce((sum, { count }) => sum + count, 0)).toBe(3_000)
    expect(record.events.filter(({ kind }) => kind === 'decode-failed')).toEqual([])
  })

  it('one that fails is a gap in bpftrace’s words, and concerns nobody else', () => {
    const gaps = ofKind('tracer-gap')
    expect(gaps).toContainEqual(
      expect.objectContaining({
        source: 'probe broken',
        reason: expect.stringMatching(/bpftrace ended \(exit code 1\): .*syntax.*correct the script/),
      }),
    )
    expect(gaps.filter(({ source }) => !source.startsWith('probe ') && source !== 'daemon')).toEqual([])
    expect(record.transitions).toMatchObject([{ patch: 'klpt_patch_v1' }, { patch: 'klpt_patch_v1' }])
  })

  it('all of it is in the exports', () => {
    expect(lab.read('export.csv')).toContain('mixed: (ready, 7)')
    expect(lab.read('export.pftrace')).toContain('Your own probes')
    expect(lab.read('export.pftrace')).toContain('callers')
  })
})
