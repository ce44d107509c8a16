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
}

/** A stall whose every name is hostile. */
export const hostileSteps = (): Step[] => {
  const steps: Step[] = []
  let state: CoreState = { ...initialState, clockOffsetNs: '1800000000000000000' }
  const at = (seconds: number, happening: Happening): Event => {
    const event = numberEvent(state, { ...happening, monoNs: `${seconds}000000000` } as EventDraft)
    const [next, effects] = reduce(state, event)
    state = next
    steps.push({ event, state, effects })
    return event
  }
  const task = { tid: 7, pid: 7, comm: hostile.comm }
  at(1, started())
  at(2, attached)
  at(3, {
    kind: 'transition-started',
    patch: hostile.patch,
    direction: 'patching',
    adopted: false,
    requester: { pid: 9, comm: hostile.comm, commandLine: hostile.commandLine },
  })
  at(4, {
    kind: 'task-blocked',
    ...task,
    errno: 98,
    reason: 'sleeping-on-function',
    function: hostile.function,
    kthread: false,
    idle: false,
    cpu: 0,
  })
  at(5, {
    kind: 'task-inspected',
    tid: 7,
    stack: [hostile.frame],
    commandLine: hostile.commandLine,
    unit: hostile.unit,
  })
  at(20, tasksObserved([aTask(7, 0, hostile.comm)], 1))
  at(21, {
    kind: 'callback-skipped',
    patch: hostile.patch,
    object: hostile.comm,
    callback: 'pre_unpatch',
    cause: hostile.comm,
  })
  at(22, { kind: 'task-switched', ...task, cpu: 0, way: 'kernel-exit', to: 1 })
  at(23, { kind: 'transition-completed', patch: hostile.patch, direction: 'patching' })
  return steps
}
