import type { EventDraft } from '../contract/event.ts'
import type { Direction } from '../contract/event-parts.ts'

/** What a line of the kernel log says about livepatching. */
export type LogFact =
  | { fact: 'state-incompatible'; patch: string }
  | { fact: 'not-marked'; patch: string }
  | { fact: 'pre-patch-failed'; object: string }
  | { fact: 'symbol-missing'; symbol: string }
  | { fact: 'symbol-ambiguous'; symbol: string; object: string }
  | { fact: 'relocation-failed'; text: string }
  | { fact: 'ftrace-failed'; function: string; errno: number | null }
  | { fact: 'enable-failed'; patch: string }
  | { fact: 'module-failed'; patch: string; object: string; errno: number }
  | { fact: 'module-refused'; patch: string; object: string }
  | { fact: 'loader-refused'; module: string; text: string }
  | {
      fact: 'blocked'
      tid: number
      comm: string
      reason: 'running' | 'unreliable-stack' | 'sleeping-on-function'
      function: string | null
    }
  | { fact: 'signalled' }
  | { fact: 'transition-started'; patch: string; direction: Direction }
  | { fact: 'transition-completed'; patch: string; direction: Direction }
  | { fact: 'transition-forced' }

type Pattern = [RegExp, (...groups: string[]) => LogFact]

/** Source: kernel/livepatch/core.c, patch.c, transition.c (klp_check_stack told of stacks before 6.0); kernel/module/main.c, version.c. */
const patterns: Pattern[] = [
  [
    /^livepatch: Livepatch patch \((.+)\) is not compatible with the already installed livepatches/,
    (patch) => ({ fact: 'state-incompatible', patch }),
  ],
  [/^livepatch: module (.+) is not marked as a livepatch module/, (patch) => ({ fact: 'not-marked', patch })],
  [
    /^livepatch: pre-patch callback failed for object '(.+)'/,
    (object) => ({ fact: 'pre-patch-failed', object }),
  ],
  [/^livepatch: symbol '(.+)' not found in symbol table/, (symbol) => ({ fact: 'symbol-missing', symbol })],
  [
    /^livepatch: symbol position '\d+' for symbol '(.+)' in object '.*' not found/,
    (symbol) => ({ fact: 'symbol-missing', symbol }),
  ],
  [
    /^livepatch: unresolvable ambiguity for symbol '(.+)' in object '(.*)'/,
    (symbol, object) => ({ fact: 'symbol-ambiguous', symbol, object }),
  ],
  [
    /^livepatch: (symbol .+ (?:is not in a livepatch relocation section|has an incorrectly formatted name)|invalid access to vmlinux symbol .+)$/,
    (text) => ({ fact: 'relocation-failed', text }),
  ],
  [
    /^livepatch: failed to (?:register ftrace handler|set ftrace filter) for function '(.+)' \((-?\d+)\)/,
    (name, errno) => ({ fact: 'ftrace-failed', function: name, errno: -Number(errno) }),
  ],
  [
    /^livepatch: failed to find location for function '(.+)'/,
    (name) => ({ fact: 'ftrace-failed', function: name, errno: null }),
  ],
  [/^livepatch: failed to enable patch '(.+)'/, (patch) => ({ fact: 'enable-failed', patch })],
  [
    /^livepatch: failed to (?:initialize|apply) patch '(.+)' (?:for|to) module '(.+)' \((-?\d+)\)/,
    (patch, object, errno) => ({ fact: 'module-failed', patch, object, errno: -Number(errno) }),
  ],
  [
    /^livepatch: patch '(.+)' failed for module '(.+)', refusing to load module/,
    (patch, object) => ({ fact: 'module-refused', patch, object }),
  ],
  [
    /^([\w-]+): (Unknown symbol .+|disagrees about version of symbol .+|version magic .+|module is marked as livepatch module.+|no symbol version for .+)$/,
    (module, text) => ({ fact: 'loader-refused', module, text }),
  ],
  [
    /^livepatch: klp_try_switch_task: (.*):(\d+) is running$/,
    (comm, tid) => blocked(comm, tid, 'running', null),
  ],
  [
    /^livepatch: klp_(?:try_switch_task|check_stack): (.*):(\d+) has an unreliable stack$/,
    (comm, tid) => blocked(comm, tid, 'unreliable-stack', null),
  ],
  [
    /^livepatch: klp_(?:try_switch_task|check_stack): (.*):(\d+) is sleeping on function (\S+)$/,
    (comm, tid, name) => blocked(comm, tid, 'sleeping-on-function', name ?? null),
  ],
  [/^livepatch: signaling remaining tasks/, () => ({ fact: 'signalled' })],
  [
    /^livepatch: '(.+)': starting (patching|unpatching) transition$/,
    (patch, direction) => ({ fact: 'transition-started', patch, direction: direction as Direction }),
  ],
  [
    /^livepatch: '(.+)': (patching|unpatching) complete$/,
    (patch, direction) => ({ fact: 'transition-completed', patch, direction: direction as Direction }),
  ],
  [/^livepatch: forcing remaining tasks to the patched state/, () => ({ fact: 'transition-forced' })],
]

const blocked = (
  comm: string | undefined,
  tid: string | undefined,
  reason: Extract<LogFact, { fact: 'blocked' }>['reason'],
  name: string | null,
): LogFact => ({ fact: 'blocked', tid: Number(tid), comm: comm ?? '', reason, function: name })

/** Whether a record is worth forwarding: what livepatch says, and modules that the loader refuses. */
export const concernsLivepatching = (line: string): boolean => {
  const text = textOf(line)
  return text.startsWith('livepatch: ') || /Failed to construct shadow/.test(text) || factIn(text) !== null
}

export const parseKernelLog = (line: string): LogFact | null => factIn(textOf(line))

/** The record's number; null: none. */
export const logSequence = (line: string): number | null => {
  const sequence = /^\d+,(\d{1,15}),/.exec(line)?.[1]
  return sequence === undefined ? null : Number(sequence)
}

/** The record's own time in µs of the log's clock; null: none. Source: kernel/printk/printk.c, info_print_ext_header. */
export const logTimeUs = (line: string): bigint | null => {
  const us = /^\d+,\d+,(\d{1,18}),/.exec(line)?.[1]
  return us === undefined ? null : BigInt(us)
}

/** `6,1234,5678901,-;text`, then key=value lines that begin with a space. Source: Documentation/ABI/testing/dev-kmsg. */
const textOf = (line: string): string => {
  const from = line.indexOf(';')
  const end = line.indexOf('\n', from)
  return line.slice(from + 1, end < 0 ? undefined : end)
}

const factIn = (text: string): LogFact | null => {
  for (const [pattern, build] of patterns) {
    const match = pattern.exec(text)
    if (match) return build(...match.slice(1))
  }
  return null
}

export const lostRecords = (lost: number, monoNs: string): EventDraft[] => [
  { kind: 'events-lost', monoNs, source: 'kernel-log', count: lost },
]

/** The newest of some kinds of facts. */
export const lastFact = <K extends LogFact['fact']>(
  log: readonly LogFact[],
  ...kinds: K[]
): Extract<LogFact, { fact: K }> | undefined =>
  log.filter((each): each is Extract<LogFact, { fact: K }> => (kinds as string[]).includes(each.fact)).at(-1)
