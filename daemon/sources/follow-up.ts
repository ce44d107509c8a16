import { isCut } from '../probes/cut-names.ts'

/** What one line of the tracer's output makes worth reading from /proc at once. */
export type FollowUp =
  | { inspect: number; requester: true }
  /**
   * `suspectBpf`: its stack is not reliable, and a tracing program may be why. `cutName`: bpftrace cut the name of the
   * function it sleeps in, which sysfs has whole.
   */
  | { inspect: number; requester: false; suspectBpf: boolean; cutName: boolean }

/** EINVAL of klp_check_and_switch_task: the stack is not reliable. */
const unreliableStack = 22

/** A blocked task's stack, a requester's command line: both may be gone a second later. */
export const followUp = (line: string): FollowUp | null => {
  if (!line.includes('"task.blocked"') && !line.includes('"transition.ask"')) return null
  try {
    const { data } = JSON.parse(line) as { data?: unknown[] }
    const [name, first, , tid, , errno, functionName] = data ?? []
    if (name === 'task.blocked' && typeof tid === 'number' && tid > 0) {
      return {
        inspect: tid,
        requester: false,
        suspectBpf: errno === unreliableStack,
        cutName: typeof functionName === 'string' && isCut(functionName),
      }
    }
    if (name === 'transition.ask' && typeof first === 'number') return { inspect: first, requester: true }
  } catch {
    // Decoding will say what is wrong with it.
  }
  return null
}
