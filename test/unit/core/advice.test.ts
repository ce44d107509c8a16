import { describe, expect, it } from 'vitest'
import type { BlockReason } from '../../../daemon/contract/event-parts.ts'
import type { Transition } from '../../../daemon/contract/state.ts'
import { headlineOf } from '../../../daemon/core/headline.ts'
import { type CgroupShape, cgroupShapes, short } from '../support/cgroups.ts'
import {
  aTask,
  aWorld,
  firstTry,
  patchesObserved,
  started,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'

const kernels = ['5.10.0-32-amd64', '6.1.0-40-amd64', '6.12.48+deb13-amd64', '7.2.1-amd64'] as const
type Kernel = (typeof kernels)[number]
const reasons: BlockReason[] = ['running', 'unreliable-stack', 'sleeping-on-function', 'unknown']
const directions = ['patching', 'unpatching'] as const

type Kind = {
  name: string
  pid: number
  comm: string
  kthread?: true
  idle?: true
  state: string | undefined
  stack?: string[]
  commandLine?: string
}
const fn = 'klpt_sleep_in_function'
const kthreadStack = (...frames: string[]) => [
  ...frames.map((name) => (name.includes(' ') ? name.replace(' ', '+0x1/0x9 ') : `${name}+0x1/0x9`)),
  'kthread+0xd2/0x100',
  'ret_from_fork+0x34/0x50',
]
const kinds: Kind[] = [
  { name: 'a user task', pid: 264, comm: 'app', state: 'S' },
  { name: 'a user task of unknown state', pid: 264, comm: 'app', state: undefined },
  { name: 'a user task in D state', pid: 264, comm: 'app', state: 'D' },
  { name: 'a stopped user task', pid: 264, comm: 'app', state: 'T' },
  { name: 'PID 1', pid: 1, comm: 'systemd', state: 'S' },
  { name: 'PID 1 in D state', pid: 1, comm: 'systemd', state: 'D' },
  {
    name: 'a kernel thread',
    pid: 264,
    comm: 'klpt-sleeper',
    kthread: true,
    state: 'I',
    stack: kthreadStack(fn, 'klpt_sleeper'),
  },
  { name: 'a kernel thread without a stack', pid: 264, comm: 'klpt-sleeper', kthread: true, state: 'D' },
  {
    name: 'a kernel thread in its own main function',
    pid: 264,
    comm: 'kc-hugepaged',
    kthread: true,
    state: 'I',
    stack: kthreadStack(fn),
  },
  {
    name: 'a kernel thread whose main function the patch replaced',
    pid: 264,
    comm: 'kc-hugepaged',
    kthread: true,
    state: 'I',
    stack: kthreadStack('schedule', 'new_main [klpt_patch_v1]'),
  },
  {
    name: 'a kernel thread with several patched functions on its stack',
    pid: 264,
    comm: 'kc-hugepaged',
    kthread: true,
    state: 'I',
    stack: kthreadStack(fn, 'khugepaged'),
  },
  {
    name: 'a kworker',
    pid: 264,
    comm: 'kworker/0:1',
    kthread: true,
    state: 'D',
    stack: kthreadStack(fn, 'my_work', 'process_one_work', 'worker_thread'),
  },
  { name: 'an idle task', pid: 0, comm: 'swapper/1', kthread: true, idle: true, state: 'R' },
  {
    name: 'the daemon itself',
    pid: 264,
    comm: 'node',
    state: 'S',
    commandLine: 'node /usr/lib/klpscope/klpscope.js daemon --db x',
  },
]
const neverSwitching = new Set([
  'a kernel thread in its own main function',
  'a kernel thread whose main function the patch replaced',
  'a kernel thread with several patched functions on its stack',
])

const adviceOn = (
  kind: Kind,
  reason: BlockReason,
  cgroup: string,
  kernel: Kernel,
  direction: Transition['direction'],
): string => {
  const world = aWorld()
  const tid = kind.idle ? 0 : kind.pid
  const target = direction === 'patching' ? 1 : 0
  world.at(1, { ...started(), kernel })
  world.at(9, {
    kind: 'patches-observed',
    patches: [
      {
        name: 'klpt_patch_v1',
        enabled: direction === 'patching',
        inTransition: true,
        objects: [{ name: 'vmlinux', functions: ['khugepaged', fn] }],
      },
    ],
  })
  world.at(10, transitionStarted({ direction }))
  world.at(10.1, {
    kind: 'task-blocked',
    tid,
    pid: kind.pid,
    comm: kind.comm,
    errno: 1,
    reason,
    ...(reason === 'sleeping-on-function' ? { function: fn } : {}),
    kthread: kind.kthread ?? false,
    idle: kind.idle ?? false,
    cpu: 1,
    ...(kind.state === undefined ? {} : { state: kind.state }),
  })
  world.at(10.2, firstTry(10, direction))
  if (!kind.idle)
    world.at(10.3, {
      kind: 'task-inspected',
      tid,
      cgroup,
      ...(kind.stack ? { stack: kind.stack } : {}),
      ...(kind.commandLine ? { commandLine: kind.commandLine } : {}),
    })
  const other = target === 1 ? 0 : 1
  const task = {
    ...aTask(tid, other, kind.comm),
    kthread: kind.kthread ?? false,
    idle: kind.idle ?? false,
    cpu: 1,
  }
  world.at(25, tasksObserved([task], 1))
  const { text, advice, level } = headlineOf(world.state())
  expect([level, text]).toEqual(['critical', expect.stringContaining('1 task blocks it')])
  return advice ?? ''
}

/** Every command that the advice asks somebody to type, and what may be in one. */
const harmless =
  /^(echo [01] > \/sys\/kernel\/livepatch\/klpt_patch_v1\/(enabled|force)|cat \/proc\/\d+\/stack|perf top --tid \d+|taskset -c 1 true)$/
const commands = (advice: string): string[] =>
  [
    ...advice.matchAll(
      /(?:echo|cat|perf|taskset|systemctl|docker|podman|crictl|machinectl|lxc-stop) [^\n.;()]*(?:\.(?=\w)[^\n.;(]*)*/g,
    ),
  ].map(([command]) => command.trim())

const check = (kind: Kind, reason: BlockReason, shape: CgroupShape, advice: string) => {
  const isUser = !kind.kthread && kind.pid !== 1
  const isAsleep = reason !== 'running'
  const own = commands(advice).filter((command) => !harmless.test(command))
  const mayRestart = isUser && !(isAsleep && (kind.state === 'D' || kind.state === 'T')) && !kind.commandLine
  expect(own).toEqual(mayRestart && shape.restart ? [shape.restart] : [])
  // A kernel thread is never signalled, nor is who sleeps uninterruptibly or is stopped.
  if (kind.kthread || (isAsleep && (kind.state === 'D' || kind.state === 'T')))
    expect(advice).not.toMatch(/The kernel (signals|has signalled)/)
  // It says by itself whether it will resolve.
  expect(advice).toMatch(/will (never )?switch( by itself)?|why it has not switched is not known/)
  const main = neverSwitching.has(kind.name) && isAsleep
  expect(/never switch by itself/.test(advice)).toBe(main)
  if (kind.pid === 1) expect(advice).toContain('PID 1: do not stop or restart it')
  if (kind.commandLine) expect(advice).toContain('belongs to klpscope itself')
  // The mildest first, and force, with what it costs, last.
  expect(advice.split('\n').map((line) => line.replace(/:.*/, ''))).toEqual([
    expect.any(String),
    'To give up, reverse the transition, which is safe',
    'Last resort',
  ])
  expect(advice).toMatch(/tasks may then run old and new code mixed.*plan a reboot/)
}

describe.each(kinds)('advice on $name harms nobody', (kind) => {
  it.each(reasons)('when %s, on every kernel, in every cgroup, in both directions', (reason) => {
    for (const kernel of kernels)
      for (const direction of directions)
        for (const shape of cgroupShapes)
          check(kind, reason, shape, adviceOn(kind, reason, shape.path, kernel, direction))
  })
})

describe('what the advice says', () => {
  const kindOf = (name: string): Kind => kinds.find((kind) => kind.name === name)!
  const onService = (name: string, reason: BlockReason, kernel: Kernel = kernels[2]) =>
    adviceOn(kindOf(name), reason, '/system.slice/nginx.service', kernel, 'patching').split('\n')[0]

  it.each<[string, BlockReason, RegExp]>([
    [
      'a user task',
      'sleeping-on-function',
      /once klpt_sleep_in_function returns\. The kernel signals it .*systemctl restart nginx\.service/,
    ],
    ['a user task', 'unreliable-stack', /cannot unwind the stack of app \(264\).*returns to user space/],
    ['a user task in D state', 'sleeping-on-function', /no signal wakes it.*Restarting .* does not help/],
    ['a stopped user task', 'sleeping-on-function', /once it is continued/],
    [
      'a kernel thread',
      'sleeping-on-function',
      /is a kernel thread, .*will switch by itself once .* returns\. Its stack shows/,
    ],
    [
      'a kernel thread without a stack',
      'sleeping-on-function',
      /if .* is the thread's own main function, it never returns; then reverse/,
    ],
    [
      'a kernel thread in its own main function',
      'sleeping-on-function',
      /does not return while the thread runs.*Reverse the transition/,
    ],
    ['an idle task', 'running', /taskset -c 1 true/],
  ])('on %s, %s', (name, reason, said) => expect(onService(name, reason)).toMatch(said))

  it('of a busy kernel thread depends on the kernel: since 6.4 it is tried when it yields', () => {
    expect(onService('a kernel thread', 'running', kernels[1])).toContain(
      'only if it sleeps at the moment of a try',
    )
    expect(onService('a kernel thread', 'running', kernels[2])).toContain('yields the CPU')
  })

  it('of an idle task depends on the kernel: since 5.16 each try wakes its CPU', () => {
    expect(onService('an idle task', 'running', kernels[0])).toContain('does not wake that CPU')
    expect(onService('an idle task', 'running', kernels[1])).toContain('wakes that CPU at every try')
  })

  it('names the pod or container of a task, never the unit that holds the runtime, nor one inside', () => {
    for (const { path } of cgroupShapes.filter(({ container }) => container)) {
      const advice = adviceOn(kindOf('a user task'), 'sleeping-on-function', path, kernels[2], 'patching')
      expect(advice).not.toMatch(/systemctl|restart (k3s|docker|containerd|nginx|cron)|init\.scope/)
    }
  })

  it('of a task that has left no trace of where it belongs', () => {
    const world = aWorld()
    world.at(10, transitionStarted())
    world.at(10.1, {
      kind: 'task-blocked',
      tid: 5,
      pid: 5,
      comm: 'app',
      errno: 98,
      reason: 'sleeping-on-function',
      function: fn,
      kthread: false,
      idle: false,
      cpu: 0,
    })
    world.at(25, tasksObserved([aTask(5, 0)], 1))
    expect(headlineOf(world.state()).advice).toContain(
      'stop or restart the program it belongs to (process 5)',
    )
  })

  it('a kernel thread that never switches goes before one that blocks longer', () => {
    const world = aWorld()
    const blocked = {
      kind: 'task-blocked',
      errno: 98,
      reason: 'sleeping-on-function',
      function: fn,
      idle: false,
      cpu: 0,
    } as const
    world.at(10, transitionStarted())
    world.at(10.1, { ...blocked, tid: 5, pid: 5, comm: 'app', kthread: false })
    world.at(10.2, { ...blocked, tid: 6, pid: 6, comm: 'kc', kthread: true })
    world.at(10.3, { kind: 'task-inspected', tid: 6, stack: kthreadStack(fn) })
    world.at(25, tasksObserved([aTask(5, 0), aTask(6, 0)], 2))
    expect(headlineOf(world.state()).advice).toMatch(/^kc \(6\) is a kernel thread in its own main function/)
  })
})

describe('while no task is in the way', () => {
  const stalledBy = (seconds: number) => {
    const world = aWorld()
    world.at(1, started())
    world.at(10, transitionStarted())
    world.at(10.1, { ...sleeper, tid: 264 })
    world.at(10.2, firstTry(10))
    world.at(10.3, patchesObserved({ name: 'klpt_patch_v1', inTransition: true }))
    world.at(25, tasksObserved([aTask(264, 0)], 1))
    expect(headlineOf(world.state()).level).toBe('critical')
    world.at(26, tasksObserved([aTask(264, 1)], 0))
    world.at(26 + seconds, tasksObserved([aTask(264, 1)], 0))
    return world
  }
  const sleeper = {
    kind: 'task-blocked',
    pid: 264,
    comm: 'klpt-sleeper',
    errno: 98,
    reason: 'sleeping-on-function',
    function: fn,
    kthread: true,
    idle: false,
    cpu: 1,
  } as const

  it('the kernel is finishing: nothing critical, nothing to force or reverse', () => {
    const world = stalledBy(1)
    const { level, text, advice } = headlineOf(world.state())
    expect(level).toBe('info')
    expect(text).toContain('every task has switched; the kernel is finishing (ftrace, RCU, callbacks)')
    expect(advice ?? '').not.toMatch(/echo|Last resort/)
    expect(world.state().findings.size).toBe(0)
  })

  it('a finish that takes long is a warning, and still nothing to force', () => {
    const world = stalledBy(11)
    expect(headlineOf(world.state())).toMatchObject({
      level: 'warning',
      text: expect.stringContaining('finishing'),
    })
    const [finding] = world.state().findings.values()
    expect(finding).toMatchObject({ rule: 'transition-stalled', severity: 'warning' })
    expect(`${headlineOf(world.state()).advice} ${finding?.advice}`).not.toMatch(/echo|Last resort/)
  })

  it('before the first try has ended there is nothing to do either', () => {
    const world = aWorld()
    world.at(1, { ...started(), kernel: kernels[2] })
    world.at(10, transitionStarted())
    world.at(25, tasksObserved([aTask(264, 0)], 1))
    const { level, text, advice } = headlineOf(world.state())
    expect(level).toBe('warning')
    expect(text).toContain('first try')
    expect(advice).not.toMatch(/echo|Last resort/)
  })
})

it('ids are short as in the lists of docker and crictl', () => expect(short).toHaveLength(12))
