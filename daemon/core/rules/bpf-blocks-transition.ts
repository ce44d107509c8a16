import { graphTracer } from '../../contract/graph-tracer.ts'
import { remedyFor } from '../task-advice.ts'
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
  holds: ({ blocked, transition, derived, taskCounts, time }) =>
    [...derived.blamed]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([blame, keys]) => {
        const task = keys.size === 1 ? blocked.get(keys.first(0)) : undefined
        return {
          severity: 'warning' as const,
          subject: blame,
          summary: task
            ? `${blame} makes the stack of ${task.comm} (${task.tid}) unreliable: the kernel cannot switch it`
            : `${blame} makes the stacks of ${keys.size} tasks unreliable: the kernel cannot switch them`,
          advice:
            blame === graphTracer
              ? `To let the transition go on, ${remedyFor(blame)}; or wait until the tasks leave the traced function.`
              : 'Detach this program (stop its owner) until the transition is through, or wait until the tasks leave the traced function.',
          evidence: transition ? [transition.startedSeq] : [],
          // How many they are is said anew with each snapshot, not with each task.
          vague: taskCounts.observedAt !== time,
        }
      }),
}
