import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab, wholeOn } from './support/lab-session.ts'

const nobody = { uid: 65_534, gid: 65_534 }

describe.each(kernels)('the daemon without root on Linux %s', (kernel) => {
  let lab: LabSession
  const state = () => lab.get<State>('state')

  inSteps()
  beforeAll(async () => {
    lab = await openLab(kernel, 'unprivileged.sh', { timeoutS: 1800 })
  })
  afterAll(() => lab?.stop())

  /** Every thread of it is the user's, in no other group, without capabilities, and cannot get any. */
  const expectNoPrivileges = (name: string, { uid, gid }: { uid: number; gid: number }) => {
    const fields = lab
      .read(name)
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s*/) as [string, string])
    const values = (field: string) => [
      ...new Set(fields.flatMap(([key, value]) => (key === field ? [value.trim()] : []))),
    ]
    expect(fields.filter(([key]) => key === 'Name').length).toBeGreaterThan(5)
    expect(values('Uid')).toEqual([Array(4).fill(uid).join('\t')])
    expect(values('Gid')).toEqual([Array(4).fill(gid).join('\t')])
    expect(values('Groups')).toEqual([''])
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(values(set), set).toEqual(['0000000000000000'])
    expect(values('NoNewPrivs')).toEqual(['1'])
  }

  const expectStall = async (step: string) => {
    await lab.at(`${step}-stalled`)
    await expect
      .poll(async () => (await state()).blocked, { timeout: 60_000, interval: 500 })
      .toMatchObject([
        {
          comm: 'klpt-sleeper',
          reason: 'sleeping-on-function',
          function: 'klpt_sleep_in_function',
          // What only root may read has come by way of the tracer.
          stack: expect.arrayContaining([
            expect.stringMatching(/^klpt_sleep_in_function\+.* \[klpt_target\]$/),
          ]),
        },
      ])
    const { functions, tracer } = await state()
    expect(tracer.status).toBe(wholeOn(kernel))
    expect(functions.items.map(({ stack }) => stack?.[0]?.symbol)).toContain('klpt_v1_proc_show')
    lab.go(`${step}-stalled`)
    await lab.at(`${step}-released`)
    expect((await state()).lastTransition).toMatchObject({ patch: 'klpt_patch_v1', outcome: 'completed' })
    lab.go(`${step}-released`)
  }

  it('sees all that it has to when root starts it', () => expectStall('root'))

  it('is nobody, without capabilities', async () => {
    expectNoPrivileges('privileges', nobody)
  })

  it('keeps its files to itself', () => {
    const lines = lab.read('modes').trim().split('\n')
    expect(lines.join('\n')).toMatch(/klpscope\.db$/m)
    expect(lines.join('\n')).toMatch(/unprivileged\.recording$/m)
    for (const line of lines) expect(line).toMatch(/^nobody (700 d|600 [fs]) /)
  })

  it('may not read what is for root, and has nothing of it open but the kernel log', () => {
    const may = Object.fromEntries(
      lab
        .read('may-read')
        .trim()
        .split('\n')
        .map((line) => line.split(' ')),
    )
    const { '/etc/passwd': everybodys, ...roots } = may
    expect(everybodys).toBe('yes')
    expect(Object.keys(roots).length).toBeGreaterThan(5)
    // Without CONFIG_SECURITY_DMESG_RESTRICT anybody may read that.
    const { '/dev/kmsg': _, ...others } = roots
    expect(new Set(Object.values(others))).toEqual(new Set(['no']))
    expect(lab.read('descriptors')).toContain('/dev/kmsg')
    expect(lab.read('descriptors')).not.toMatch(/-> (?:\/sys|\/etc|.*bpf)/)
  })

  it('when it is killed, takes all with it', async () => {
    await lab.at('socket-stalled')
    expect(lab.read('killed.code').trim()).toBe('137')
  })

  it('is whom --user names', () => {
    const [, uid = ''] = /^Uid:\s+(\d+)/m.exec(lab.read('privileges-user')) ?? []
    const [, gid = ''] = /^Gid:\s+(\d+)/m.exec(lab.read('privileges-user')) ?? []
    expect(Number(uid)).not.toBe(nobody.uid)
    expectNoPrivileges('privileges-user', { uid: Number(uid), gid: Number(gid) })
    // The record of the run before is handed over with its directory.
    for (const line of lab.read('modes-user').trim().split('\n'))
      expect(line).toMatch(/^klpt-service (700 d|600 [fs]) /)
  })

  it.each([
    [
      'place',
      /^klpscope: User nobody, as which the daemon runs, may not write to \/run\/of-root\.\nName a directory/,
    ],
    ['user', /^klpscope: There is no user klpt-nobody-has-this-name, /],
    ['root', /^klpscope: The daemon does not run as root: /],
    ['nobody', /^klpscope: Tracing the kernel needs root, or a tracer that root starts\.\n/],
  ])('refuses in a sentence what cannot work: %s', (name, sentence) => {
    const said = lab.read(`refused-${name}`)
    expect(said).toMatch(sentence)
    expect(said).toMatch(/exit code 3$/m)
    expect(said).not.toMatch(/^\s+at /m)
  })

  it('works the same at the socket of a tracer that somebody else starts', async () => {
    expectNoPrivileges('privileges-socket', nobody)
    await expectStall('socket')
  })

  it('is connected to another when that tracer ends', async () => {
    await lab.at('socket-restarted')
    await expect
      .poll(
        async () => {
          const { status, gaps } = (await state()).tracer
          return [status, gaps[0]?.source, gaps[0]?.reason, gaps[0]?.seen]
        },
        { timeout: 60_000, interval: 500 },
      )
      .toEqual([wholeOn(kernel), 'tracer', 'the tracer ended', 'polling'])
    lab.go('socket-restarted')
  })

  it('ends in order, and every tracer with it', async () => {
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
  })
})
