import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Shadow, State } from '../../daemon/contract/state.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'
import { shadowAccountsIn } from './support/shadow-accounts.ts'

describe.each(kernels)('shadow variables on Linux %s', (kernel) => {
  let lab: LabSession
  let record: ReturnType<typeof readRecord>
  const json = <T>(name: string): T => JSON.parse(lab.read(name)) as T
  const idIn = ({ ids }: Shadow, id: string) => ids.find((each) => each.id === id)
  const leftBehind = (state: State) =>
    state.findings.filter(({ rule }) => rule === 'shadow-left-behind').map(({ subject }) => subject)

  beforeAll(async () => {
    lab = await openLab(kernel, 'shadow.sh', { timeoutS: 1500 })
    await lab.outcome
    record = readRecord(lab.outDir)
  })
  afterAll(() => lab?.stop())

  it('the script came to its end', async () =>
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 }))

  it('are counted as the module that makes them does, through churn and storm', () => {
    const shadow = json<Shadow>('shadow-quiet.json')
    const accounts = shadowAccountsIn(lab.read('shadow-counts'))
    expect([...accounts.keys()].sort()).toEqual(['0x1001', '0x1002', '0x2001', '0x2fff'])
    // No more than those: a walk beside the hash would find ids that nobody uses.
    expect(shadow.ids.map(({ id }) => id).sort()).toEqual([...accounts.keys()].sort())
    for (const [id, { live, ...account }] of accounts) {
      expect(idIn(shadow, id)?.live, id).toBe(live)
      // Allocated before the daemon: only its life can be known.
      if (id !== '0x2001') expect(idIn(shadow, id), id).toMatchObject(account)
    }
    expect(accounts.get('0x2fff')).toMatchObject({ allocated: 20_000, freed: 20_000 })
  })

  it('the walk finds nothing wrong while they come and go', () => {
    const checks = record.events.filter((event) => event.kind === 'shadow-checked')
    const drifted = checks.findIndex(({ drift }) => drift.length > 0)
    expect(drifted).toBeGreaterThan(6)
  })

  it('the walk finds what the probes missed, says so, and the count is right again', () => {
    const missed = record.events.flatMap((event) => (event.kind === 'shadow-checked' ? event.drift : []))
    expect(missed.map(({ id, counted, found }) => [id, found - counted]).sort()).toEqual([
      ['0x1001', 3],
      ['0x1002', 4],
    ])
    const shadow = json<Shadow>('shadow-drifted.json')
    for (const [id, { live }] of shadowAccountsIn(lab.read('shadow-counts-drifted')))
      expect(idIn(shadow, id)?.live, id).toBe(live)
  })

  it('know who allocated them', () => {
    const shadow = json<Shadow>('shadow-quiet.json')
    const functionsOf = (id: string) =>
      (idIn(shadow, id)?.allocators ?? []).map(({ module, function: name }) => `${name} of ${module}`).sort()
    expect(functionsOf('0x1001')).toEqual([
      'klpt_v1_object_create of klpt_patch_v1',
      'klpt_v2_object_create of klpt_patch_v2',
    ])
    expect(functionsOf('0x1002')).toEqual(['klpt_v2_object_create of klpt_patch_v2'])
    expect(idIn(shadow, '0x1001')).toMatchObject({ owner: 'klpt_patch_v2' })
    expect(idIn(shadow, '0x2fff')).toMatchObject({ owner: null })
    expect(idIn(shadow, '0x2fff')?.allocators).toMatchObject([{ module: 'klpt_target', allocated: 20_000 }])
    // Older than the daemon.
    expect(idIn(shadow, '0x2001')).toMatchObject({ owner: null, allocators: [] })
  })

  it('have ages: of one that is older than the daemon at least', () => {
    const shadow = json<Shadow>('shadow-quiet.json')
    const sum = (counts: number[] = []) => counts.reduce((all, count) => all + count, 0)
    expect(sum(idIn(shadow, '0x2001')?.ages?.atLeast)).toBe(1)
    const ages = idIn(shadow, '0x1001')?.ages
    expect(sum(ages?.known) + sum(ages?.atLeast) + (ages?.unknown ?? 0)).toBe(idIn(shadow, '0x1001')?.live)
    expect(sum(ages?.atLeast)).toBe(0)
  })

  it('left behind by their patch are a finding until they are freed', () => {
    // 0x2001 is older than the daemon, and no livepatch was in place: whoever made it is gone.
    expect(leftBehind(json<State>('state-left.json')).sort()).toEqual(['0x1001', '0x1002', '0x2001'])
    expect(leftBehind(json<State>('state-freed.json'))).toEqual([])
  })

  it('nothing was lost, everything was understood', () => {
    const trouble = record.events.filter((event) =>
      ['decode-failed', 'events-lost', 'tracer-gap'].includes(event.kind),
    )
    expect(trouble).toEqual([])
  })
})
