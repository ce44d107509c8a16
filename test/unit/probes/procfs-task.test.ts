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
    toldBy: 'probe',
    startToCome: false,
    reversing: false,
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
  ['12:cpu:/\n1:name=systemd:/old.service\n', { cgroup: '/old.service', unit: 'old.service' }],
  ['0::/system.slice\n', { cgroup: '/system.slice' }],
])('reads the cgroup %j', (cgroup, expected) => expect(inspect({ cgroup })).toMatchObject([expected]))

it("joins a command line's arguments", () => {
  expect(inspect({ cmdline: 'sh\0-c\0echo 0\0' })).toMatchObject([{ commandLine: 'sh -c echo 0' }])
  expect(inspect({ cmdline: '' })).toEqual([{ kind: 'task-inspected', monoNs: '1', tid: 7 }])
})

it.each([
  [
    '0xffffffff81 [x]\n[<0>] klpt_sleep_thread+0x1/0x10 [klpt_target]\n[<0>] kthread+0xe7/0x110\n[<0>] ret_from_fork+0x1f/0x30\n',
    'klpt_sleep_thread [klpt_target]',
  ],
  [
    '[<0>] my_work+0x1/0x2\n[<0>] process_one_work+0x1/0x2\n[<0>] worker_thread+0x1/0x2\n[<0>] kthread+0x1/0x2\n',
    'my_work',
  ],
  ['[<0>] do_syscall_64+0x1/0x2\n', undefined],
])('a stack tells which function a kernel thread runs: %j', (stack, runs) =>
  expect((inspect({ stack })[0] as { runs?: string }).runs).toBe(runs),
)

it("a requester's command line goes into the transition it asked for, if it is the same process", () => {
  const context = freshContext()
  context.asking = { pid: 7, tid: 7, comm: 'sh', parentPid: 1, parentComm: 'init' }
  const cmdline = { monoNs: '1', source: 'procfs-task', requester: true, stack: null, cgroup: null } as const
  expect(inspectTask(context, { ...cmdline, tid: 8, cmdline: 'other' })).toEqual([])
  expect(context.asking).not.toHaveProperty('commandLine')
  expect(inspectTask(context, { ...cmdline, tid: 7, cmdline: 'sh\0x' })).toEqual([])
  expect(context.asking).toHaveProperty('commandLine', 'sh x')
})
