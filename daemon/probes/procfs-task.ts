import type { EventDraft } from '../contract/event.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawRecord } from './raw-record.ts'

/** What /proc tells of one task: of a blocked one its stack and where it belongs, of a requester its command. */
export const inspectTask = (
  context: DecodeContext,
  record: Extract<RawRecord, { source: 'procfs-task' }>,
): EventDraft[] => {
  const { monoNs, tid } = record
  const commandLine = record.cmdline?.split('\0').filter(Boolean).join(' ')
  const cgroup = record.cgroup === null ? undefined : cgroupPath(record.cgroup)
  const events: EventDraft[] = [
    {
      kind: 'task-inspected',
      monoNs,
      tid,
      ...(record.stack === null ? {} : { stack: parseStack(record.stack) }),
      ...(commandLine ? { commandLine } : {}),
      ...(cgroup === undefined ? {} : { cgroup, ...ownerOf(cgroup) }),
    },
  ]
  const patch = context.transition?.patch
  if (record.requester && commandLine && patch) {
    events.push({ kind: 'requester-identified', monoNs, patch, pid: tid, commandLine })
  }
  return record.requester ? events.slice(1) : events
}

/** `[<0>] function+0x12/0x34 [module]` per line, innermost first. Source: fs/proc/base.c, proc_pid_stack. */
const parseStack = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/^\[<[0-9a-fx]+>\] /, '').trim())
    .filter(Boolean)

/** The unified hierarchy's path from /proc/<pid>/cgroup (`0::/path`). */
const cgroupPath = (text: string): string | undefined => /^0::(.*)$/m.exec(text)?.[1]

/** systemd unit and container id by their usual places in a cgroup path. */
const ownerOf = (path: string): { unit?: string; container?: string } => {
  const unit = path
    .split('/')
    .reverse()
    .find((part) => /\.(service|scope|slice)$/.test(part))
  const container = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:\/|$)/.exec(path)?.[1]
  return { ...(unit ? { unit } : {}), ...(container ? { container } : {}) }
}
