import { expect, it } from 'vitest'
import { freshContext } from '../../../daemon/probes/probe-set.ts'
import { inspectTask } from '../../../daemon/probes/procfs-task.ts'

const id = 'a'.repeat(64)
const inspect = (
  own: { stack?: string; cmdline?: string; cgroup?: string; requester?: boolean },
  patch = 'p',
) => {
  const context = freshContext()
  context.transition = {
    patch,
    target: 1,
    generation: '1',
    exact: true,
    reversing: false,
    cancelledBy: null,
  }
  return inspectTask(context, {
    monoNs: '1',
    source: 'procfs-task',
    tid: 7,
    requester: false,
    stack: null,
    cmdline: null,
    cgroup: null,
    ...own,
  })
}

it('says nothing about what could not be read', () =>
  expect(inspect({})).toEqual([{ kind: 'task-inspected', monoNs: '1', tid: 7 }]))

it('reads a stack, innermost first, without the addresses', () => {
  const stack = '[<0>] schedule+0x5e/0xd0\n[<0>] klpt_sleep_in_function+0x1/0x10 [klpt_target]\n'
  expect(inspect({ stack })).toMatchObject([
    { stack: ['schedule+0x5e/0xd0', 'klpt_sleep_in_function+0x1/0x10 [klpt_target]'] },
  ])
})

it.each([
  ['0::/\n', { cgroup: '/' }],
  ['0::/system.slice/nginx.service\n', { cgroup: '/system.slice/nginx.service', unit: 'nginx.service' }],
  ['0::/user.slice/user-0.slice/session-1.scope\n', { unit: 'session-1.scope' }],
  [`0::/system.slice/docker-${id}.scope\n`, { unit: `docker-${id}.scope`, container: id }],
  [`0::/docker/${id}\n`, { container: id }],
  ['12:cpu:/old\n0::/new.service\n', { unit: 'new.service' }],
])('reads the cgroup %j', (cgroup, expected) => expect(inspect({ cgroup })).toMatchObject([expected]))

it('a cgroup of the old hierarchies only is not guessed at', () =>
  expect(inspect({ cgroup: '12:cpu:/x.service\n' })).toEqual([
    { kind: 'task-inspected', monoNs: '1', tid: 7 },
  ]))

it("joins a command line's arguments, and tells whose transition a requester asked for", () => {
  expect(inspect({ cmdline: 'sh\0-c\0echo 0\0', requester: true })).toEqual([
    { kind: 'requester-identified', monoNs: '1', patch: 'p', pid: 7, commandLine: 'sh -c echo 0' },
  ])
  expect(inspect({ cmdline: '', requester: true })).toEqual([])
})
