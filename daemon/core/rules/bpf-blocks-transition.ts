import type { BlockedTask } from '../../contract/state.ts'
import type { Rule } from './rule.ts'

/** A trampoline of a foreign tracing program keeps a task from being switched. */
export const bpfBlocksTransition: Rule = {
  name: 'bpf-blocks-transition',
  on: [
    'task-inspected',
    'task-switched',
    'tasks-observed',
    'transition-completed',
    'transition-cancelled',
    'tracer-started',
  ],
  holds: ({ blocked, transition }) => {
    const blamed = new Map<string, BlockedTask>()
    for (const task of blocked.values()) if (task.blame) blamed.set(task.blame, task)
    return [...blamed].map(([blame, task]) => ({
      severity: 'warning',
      subject: blame,
      summary: `${blame} makes the stack of ${task.comm} (${task.tid}) unreliable: the kernel cannot switch it`,
      advice:
        'Detach this program (stop its owner) until the transition is through, or wait until the task leaves the traced function.',
      evidence: transition ? [Number(transition.id)] : [],
    }))
  },
}
