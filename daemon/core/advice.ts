import type { BlockedTask, Transition } from '../contract/state.ts'
import { writeEnabled, writeForce } from '../words/livepatch-commands.ts'
import { longestBlocked } from './blockers.ts'
import type { CoreState } from './core-state.ts'

/** What to do about a transition that does not end: the mildest thing first, and what the harsh ones cost. */
export const adviseOnTransition = (state: CoreState, transition: Transition): string => {
  const first = longestBlocked(state)
  return [
    first ? adviseOnTask(first) : 'Wait for the next try; the kernel tries about once a second.',
    reverse(transition),
    force(transition),
  ].join('\n')
}

const adviseOnTask = (task: BlockedTask): string => {
  const name = `${task.comm} (${task.tid})`
  const fn = task.function ?? 'the patched function'
  if (task.reason === 'sleeping-on-function' && task.kthread) {
    return `${name} is a kernel thread: signals do not move it. It goes on when ${fn} returns; look in its stack for what it waits for.`
  }
  if (task.reason === 'sleeping-on-function') {
    return task.unit
      ? `${name} switches when ${fn} returns: the kernel signals it every 15 s; if that does not help, restart ${task.unit}.`
      : `${name} switches when ${fn} returns: the kernel signals it every 15 s; if that does not help, stop or restart it.`
  }
  if (task.reason === 'running') {
    return `${name} never leaves the CPU: it switches at its next system call, interrupt to user space or schedule(). Find out why it loops in the kernel.`
  }
  if (task.reason === 'unreliable-stack') {
    return `${name}'s stack cannot be trusted by the kernel: look for fexit BPF programs, kretprobes or modules without ORC data on its stack.`
  }
  return `Why ${name} is blocked is not known; read /proc/${task.tid}/stack.`
}

const reverse = ({ patch, direction }: Transition): string =>
  `To give up: ${writeEnabled(patch, direction === 'unpatching')} (turns the transition round, safe).`

/** What forcing costs, by klp_force_transition in kernel/livepatch/transition.c. */
const force = ({ patch, direction, replace }: Transition): string =>
  `Last resort: ${writeForce(patch)} gives up consistency${pinned(direction, replace)}.`

const pinned = (direction: Transition['direction'], replace: boolean | null): string => {
  if (direction === 'unpatching') return ' and pins the module until reboot'
  return replace === false ? '' : ' and pins the patches it replaces until reboot'
}
