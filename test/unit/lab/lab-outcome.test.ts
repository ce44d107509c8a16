import { describe, expect, it } from 'vitest'
import { judgeOutcome, type SessionFacts } from '../../lab/lab-outcome.ts'

const facts = (own: Partial<SessionFacts>): SessionFacts => ({
  said: [],
  serial: '',
  qemuStderr: '',
  daemonLog: '',
  scriptLog: '',
  limits: { bootS: 60, daemonS: 150, totalS: 900 },
  ...own,
})
const panic = `[ 1.0] calm
[ 2.0] BUG: unable to handle page fault for address: 0000
[ 2.1] Oops: 0000 [#1]
[ 2.2] Kernel panic - not syncing: Fatal exception
`

describe('the outcome of a session', () => {
  it.each<[string, Partial<SessionFacts>, string, number, RegExp]>([
    ['the script succeeds', { said: ['guest-ready', 'done 0'] }, 'script-ended', 0, /^$/],
    ['the script fails', { said: ['guest-ready', 'daemon-ready', 'done 3'] }, 'script-ended', 3, /^$/],
    ['somebody stops it', { said: ['guest-ready'], stoppedBecause: 'asked' }, 'stopped', 0, /^$/],
    [
      'the kernel never starts',
      { stoppedBecause: 'boot-deadline' },
      'vm-not-ready',
      70,
      /within 60 s.*busy machine/,
    ],
    [
      'QEMU refuses',
      { qemuStderr: 'invalid accelerator\n' },
      'vm-not-ready',
      70,
      /ended before.*invalid accelerator/,
    ],
    [
      'the kernel crashes',
      { said: ['guest-ready'], serial: panic },
      'kernel-crashed',
      71,
      /BUG: unable to handle/,
    ],
    [
      'the daemon dies',
      { said: ['guest-ready', 'daemon-died 9', 'done 9'], daemonLog: 'no tracer' },
      'daemon-not-ready',
      72,
      /code 9.*no tracer/s,
    ],
    [
      'the daemon hangs',
      { said: ['guest-ready', 'daemon-late', 'done 124'] },
      'daemon-not-ready',
      72,
      /within 150 s/,
    ],
    [
      'the script hangs',
      { said: ['guest-ready', 'done 137'], stoppedBecause: 'timeout', scriptLog: 'step 4' },
      'timed-out',
      73,
      /900 s.*step 4/s,
    ],
    [
      'the VM is turned off',
      { said: ['guest-ready'], scriptLog: 'bye' },
      'vm-vanished',
      75,
      /poweroff.*bye/s,
    ],
  ])('when %s', (_, own, kind, exitCode, message) => {
    const outcome = judgeOutcome(facts(own))
    expect(outcome).toMatchObject({ kind, exitCode })
    expect(outcome.message).toMatch(message)
  })

  it('shows a crash from its first line, and puts it before whatever else happened', () => {
    const outcome = judgeOutcome(facts({ said: ['done 0'], stoppedBecause: 'timeout', serial: panic }))
    expect(outcome.kind).toBe('kernel-crashed')
    expect(outcome.message).not.toContain('calm')
    expect(outcome.message).toContain('Kernel panic')
  })

  it('does not take a crashed program for a crashed kernel', () => {
    const serial = '[ 9.9] traps: node[12] general protection fault ip:55 sp:7f error:0\n'
    expect(judgeOutcome(facts({ said: ['guest-ready', 'done 139'], serial })).kind).toBe('script-ended')
  })
})
