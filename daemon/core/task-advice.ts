import { graphTracer } from '../contract/graph-tracer.ts'
import type { BlockedTask, Host, Transition } from '../contract/state.ts'
import { triesInSchedule, wakesIdleCpus } from './kernel-abilities.ts'
import { type MainFunction, mainFunctionOf } from './main-function.ts'
import { restartAdvice } from './restart-advice.ts'

/** What advice on one task depends on. */
export type AdviceContext = {
  transition: Transition
  host: Host | null
  /** What the patch changes, as `object:function`. */
  patched: ReadonlySet<string>
}

/**
 * Whether a task will switch by itself, whether the kernel's signals help it, and what else does. By
 * kernel/livepatch/transition.c: a task is switched when a try finds no patched function on its stack
 * (klp_check_stack), when it returns to user space, or in the idle loop (klp_update_patch_state). Each 15th failed try
 * (SIGNALS_TIMEOUT) klp_send_signals interrupts user tasks, and wakes kernel threads, in interruptible sleep only.
 */
export const adviseOnTask = (task: BlockedTask, context: AdviceContext): string => {
  if (task.idle) return adviseOnIdle(task, context.host)
  if (task.kthread) return adviseOnKthread(task, context)
  return adviseOnUserTask(task, context.transition)
}

/** Whether it will not switch while it runs: it executes, as its main function, one that the patch changes. */
export const neverSwitches = (
  task: BlockedTask,
  { transition, patched }: AdviceContext,
): MainFunction | null =>
  task.kthread && task.reason !== 'running'
    ? mainFunctionOf(task, { patch: transition.patch, patched })
    : null

const nameOf = ({ comm, tid }: BlockedTask): string => `${comm} (${tid})`
const functionOf = (task: BlockedTask): string => task.function ?? 'the patched function'
const stackShows = 'Its stack shows what it is waiting for.'

const adviseOnIdle = ({ cpu, tid, comm }: BlockedTask, host: Host | null): string => {
  const number = cpu ?? /^swapper\/(\d+)$/.exec(comm)?.[1] ?? tid
  const wakes = wakesIdleCpus(host)
  const how =
    wakes === true
      ? 'The kernel wakes that CPU at every try.'
      : 'The kernel does not wake that CPU for it before Linux 5.16.'
  return `The idle task of CPU ${number} will switch by itself as soon as that CPU has something to do. ${how} To give it something: taskset -c ${number} true`
}

const adviseOnKthread = (task: BlockedTask, context: AdviceContext): string => {
  const name = nameOf(task)
  const main = neverSwitches(task, context)
  if (main)
    return `${name} is a kernel thread in its own main function, ${main.name}, which does not return while the thread runs: it will never switch by itself, and signals do not reach it. Reverse the transition.`
  const fn = functionOf(task)
  switch (task.reason) {
    case 'sleeping-on-function':
      return `${name} is a kernel thread, which signals do not reach. It will switch by itself once ${fn} returns. ${
        task.stack === null
          ? `Its stack could not be read: if ${fn} is the thread's own main function, it never returns; then reverse.`
          : stackShows
      }`
    case 'running':
      return `${name} is a kernel thread that was running on a CPU at every try. ${busyKthread(context.host)} Find out what keeps it busy.`
    case 'unreliable-stack':
      return `${name} is a kernel thread, which signals do not reach: it will switch only at a try that can unwind its stack. ${unwinding(task)}`
    case 'unknown':
      return `${name} is a kernel thread, which signals do not reach; why it has not switched is not known. Its stack may tell: /proc/${task.tid}/stack`
  }
}

/** Since 6.4 a task is tried in cond_resched() or schedule() as well (__klp_sched_try_switch). */
const busyKthread = (host: Host | null): string => {
  switch (triesInSchedule(host)) {
    case true:
      return 'It will switch by itself when it sleeps or yields the CPU outside the patched functions.'
    case false:
      return 'It will switch by itself only if it sleeps at the moment of a try; while it stays busy, it does not. If it does not come to rest, reverse.'
    case null:
      return 'It will switch by itself when it sleeps.'
  }
}

const unwinding = ({ blame }: BlockedTask): string => {
  if (blame === null)
    return 'On its stack, look for fexit BPF programs, kretprobes or code the kernel cannot unwind.'
  return `What stands in the way is ${blame}: ${remedyFor(blame)}.`
}

/** How to take from the stacks what makes them unreliable. */
export const remedyFor = (blame: string): string =>
  blame === graphTracer ? 'switch it off with echo nop > /sys/kernel/tracing/current_tracer' : 'detach it'

const adviseOnUserTask = (task: BlockedTask, { signalRounds }: Transition): string => {
  const name = nameOf(task)
  const isInit = task.pid === 1
  const own = !isInit && isKlpscope(task)
  const about = isInit
    ? `${name} is PID 1: do not stop or restart it.`
    : own
      ? `${name} belongs to klpscope itself.`
      : ''
  return [about, ...resolution(task, signalRounds, about ? 'It' : name), ...lastly(task, isInit, own)]
    .filter(Boolean)
    .join(' ')
}

const resolution = (task: BlockedTask, rounds: number, name: string): string[] => {
  const fn = functionOf(task)
  if (isUninterruptible(task) && task.reason !== 'running') {
    const until = task.reason === 'sleeping-on-function' ? ` and ${fn} returns` : ''
    return [
      `${name} is in uninterruptible sleep, from which no signal wakes it. It will switch by itself once what it waits for (a disk, a file server, a lock) is there${until}. ${stackShows}`,
    ]
  }
  if (isStopped(task) && task.reason !== 'running')
    return [
      `${name} is stopped, by a signal or a debugger; the kernel's signals do not continue it. It will switch by itself once it is continued.`,
    ]
  switch (task.reason) {
    case 'sleeping-on-function':
      return [`${name} will switch by itself once ${fn} returns.`, signals(rounds, task.state)]
    case 'running':
      return [
        `${name} was running on a CPU at every try: it will switch by itself when it returns to user space or sleeps. If it does neither, it loops in the kernel (see where: perf top --tid ${task.tid}).`,
      ]
    case 'unreliable-stack':
      return [
        `The kernel cannot unwind the stack of ${name === 'It' ? 'this task' : name}; it will switch by itself when it returns to user space.`,
        signals(rounds, task.state),
        unwinding(task),
      ]
    case 'unknown':
      return [
        `${name} will switch by itself when it returns to user space; why it has not is not known.`,
        signals(rounds, task.state),
        `Its stack may tell: /proc/${task.tid}/stack`,
      ]
  }
}

/** Promised only to a task that may sleep interruptibly. */
const signals = (rounds: number, state: string | null): string => {
  const condition = state === null ? ', which helps unless it sleeps uninterruptibly' : ''
  return rounds > 0
    ? `The kernel has signalled it in ${rounds === 1 ? '1 round' : `${rounds} rounds`} without effect.`
    : `The kernel signals it after about 15 s${condition}.`
}

const lastly = (task: BlockedTask, isInit: boolean, isOwn: boolean): string[] => {
  if (isInit) return []
  if (isUninterruptible(task) && task.reason !== 'running')
    return ['Restarting what it belongs to does not help: that would wait for it as well.']
  if (isStopped(task) && task.reason !== 'running') return []
  if (isOwn) return ['If that does not help, stop klpscope; what happens then is not recorded.']
  return [`If that does not help, ${restartAdvice(task)}`]
}

const isUninterruptible = ({ state }: BlockedTask): boolean => state === 'D'
const isStopped = ({ state }: BlockedTask): boolean => state === 'T' || state === 't'

/** The daemon, or its tracer. */
const isKlpscope = ({ unit, commandLine }: BlockedTask): boolean =>
  /^klpscope(?:-[\w-]+)?\.service$/.test(unit ?? '') ||
  /^(?:\S*\/)?(?:node\s+(?:-\S+\s+)*)?(?:\S*\/)?klpscope(?:\.js)?\s+daemon\b/.test(commandLine ?? '') ||
  /^(?:\S*\/)?klpscope-tracer\b/.test(commandLine ?? '')
