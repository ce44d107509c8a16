import type { EventDraft } from '../contract/event.ts'
import { cgroupOwner, cgroupPath } from '../core/cgroup-owner.ts'
import { blameFor } from './blame.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawRecord } from './raw-record.ts'

/** What /proc tells of one task: of a blocked one where it belongs (and of earlier versions its stack), of a requester its command. */
export const inspectTask = (
  context: DecodeContext,
  record: Extract<RawRecord, { source: 'procfs-task' }>,
): EventDraft[] => {
  const { monoNs, tid } = record
  const commandLine = record.cmdline?.split('\0').filter(Boolean).join(' ')
  if (record.requester) {
    if (context.asking?.pid === tid && commandLine) context.asking.commandLine = commandLine
    return []
  }
  const cgroup = record.cgroup === null ? undefined : cgroupPath(record.cgroup)
  const stack = typeof record.stack === 'string' ? parseStack(record.stack) : undefined
  const blame = stack && blameFor(stack, context.links)
  const runs = stack && threadFunction(stack)
  return [
    {
      kind: 'task-inspected',
      monoNs,
      tid,
      ...(stack === undefined ? {} : { stack }),
      ...(blame === undefined ? {} : { blame }),
      ...(runs === undefined ? {} : { runs }),
      ...(commandLine ? { commandLine } : {}),
      ...(cgroup === undefined ? {} : { cgroup, ...ownerFields(cgroup) }),
    },
  ]
}

/** `[<0>] function+0x12/0x34 [module]` per line, innermost first. Source: fs/proc/base.c, proc_pid_stack. */
const parseStack = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/^\[<[0-9a-fx]+>\] /, '').trim())
    .filter(Boolean)

/** What a kernel thread runs: the function kthread() or a worker called. Source: kernel/kthread.c, kernel/workqueue.c. */
export const threadFunction = (stack: string[]): string | undefined => {
  const below = stack.findIndex((frame) => /^(process_one_work|kthread)\+/.test(frame))
  return below > 0 ? stack[below - 1]?.replace(/\+0x[0-9a-f]+(\/0x[0-9a-f]+)?/, '') : undefined
}

/** Whom it belongs to; what is not known is left out. */
const ownerFields = (
  path: string,
): { unit?: string; userUnit?: string; container?: string; pod?: string } => {
  const { unit, userUnit, container, pod } = cgroupOwner(path)
  return {
    ...(unit === null ? {} : { unit }),
    ...(userUnit === null ? {} : { userUnit }),
    ...(container === null ? {} : { container: container.name }),
    ...(pod === null ? {} : { pod }),
  }
}
