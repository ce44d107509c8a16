import type { Event, EventDraft } from '../../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import type { Step } from '../../../daemon/engine.ts'
import type { Happening } from './fold.ts'
import { aTask, attached, started, tasksObserved } from './fold.ts'

/** What a task, a module or a command line can be called to harm whoever reads of it. */
export const hostile = {
  comm: '</pre><script>',
  patch: '<script>alert(1)</script>',
  function: 'f`]|[x](javascript:alert(1))',
  commandLine: '=cmd|calc!A0 ``` \n| x | <img src=x onerror=alert(1)> \u202egnp.exe',
  unit: '@everyone <b>',
  frame: '</pre><img src=x onerror=alert(1)>+0x1/0x2 [m]',
  hostname: '<host>',
  kernel: '<6.1>',
}

/** What a terminal would obey, and what hides or reorders text. */
const unprintable =
  '\u001b[2J\u001b]0;x\u0007\r\nklpscope: OK\t\0\u007f\u009b31m\u202e\u2028\u2029\u200b\u0085'

/** The same names, each with all of that. */
export const unprintableNames: typeof hostile = Object.fromEntries(
  Object.keys(hostile).map((key) => [key, `${key}${unprintable}`]),
) as typeof hostile

/** A stall whose every name is hostile. */
export const hostileSteps = (names = hostile): Step[] => {
  const steps: Step[] = []
  let state: CoreState = { ...initialState, clockOffsetNs: '1800000000000000000' }
  const at = (seconds: number, happening: Happening): Event => {
    const event = numberEvent(state, { ...happening, monoNs: `${seconds}000000000` } as EventDraft)
    const [next, effects] = reduce(state, event)
    state = next
    steps.push({ event, state, effects })
    return event
  }
  const task = { tid: 7, pid: 7, comm: names.comm }
  at(1, { ...started(), hostname: names.hostname, kernel: names.kernel })
  at(2, attached)
  at(3, {
    kind: 'transition-started',
    patch: names.patch,
    direction: 'patching',
    adopted: false,
    requester: { pid: 9, comm: names.comm, commandLine: names.commandLine },
  })
  at(4, {
    kind: 'task-blocked',
    ...task,
    errno: 98,
    reason: 'sleeping-on-function',
    function: names.function,
    kthread: false,
    idle: false,
    cpu: 0,
  })
  at(5, {
    kind: 'task-inspected',
    tid: 7,
    stack: [names.frame],
    commandLine: names.commandLine,
    unit: names.unit,
  })
  at(20, tasksObserved([aTask(7, 0, names.comm)], 1))
  at(21, {
    kind: 'callback-skipped',
    patch: names.patch,
    object: names.comm,
    callback: 'pre_unpatch',
    cause: names.comm,
  })
  at(22, { kind: 'task-switched', ...task, cpu: 0, way: 'kernel-exit', to: 1 })
  at(23, { kind: 'transition-completed', patch: names.patch, direction: 'patching' })
  return steps
}
