import { describe, expect, it } from 'vitest'
import type { Tracer } from '../../../daemon/contract/state.ts'
import {
  activityOf,
  reasonSentence,
  requesterText,
  taskKind,
  taskStateText,
} from '../../../daemon/words/words.ts'
import { aState } from '../../web/a-state.ts'

describe('activityOf', () => {
  const tracer = (status: Tracer['status']) => ({ ...aState.tracer, status })

  it.each(['observing', 'degraded', 'blind'] as const)('says none only where somebody looks: %s', (status) =>
    expect(activityOf({ transition: null, tracer: tracer(status) })).toBe('none'),
  )

  it.each(['starting', 'stopped'] as const)('does not know with a tracer that is %s', (status) =>
    expect(activityOf({ transition: null, tracer: tracer(status) })).toBe('unknown'),
  )
})

it('says why a task did not switch, and admits what was not seen', () => {
  const nothing = { function: null, blame: null, cpu: null }
  expect(reasonSentence('sleeping-on-function', { ...nothing, function: 'klpt_wait' })).toBe(
    'It is waiting inside klpt_wait, a function being patched, and will switch by itself once that returns.',
  )
  expect(reasonSentence('sleeping-on-function', nothing)).toContain('which one was not seen')
  expect(reasonSentence('unreliable-stack', { ...nothing, blame: 'bpf_prog_6dee' })).toContain(
    'because of bpf_prog_6dee',
  )
  expect(reasonSentence('running', { ...nothing, cpu: 3 })).toContain('on CPU 3')
  expect(reasonSentence('unknown', nothing)).toBe('Why it did not switch was not seen.')
})

it('names requesters, kinds and states of tasks', () => {
  expect(requesterText({ pid: 812, comm: 'insmod' })).toBe('insmod (812)')
  expect(requesterText({ pid: 812, comm: 'insmod', parentComm: 'bash' })).toBe(
    'insmod (812), started by bash',
  )
  expect(taskKind({ idle: true, kthread: true })).toBe('idle')
  expect(taskKind({ idle: false, kthread: false })).toBe('user')
  expect(taskStateText('D')).toBe('D, uninterruptible sleep')
  expect(taskStateText('?')).toBe('?')
})
