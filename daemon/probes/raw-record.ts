import type { LossPlace } from '../contract/loss-place.ts'
import type { TracerRecord } from '../raw/records.ts'
import type { TracerText } from '../raw/text.ts'
import type { TracerMessage } from '../raw/tracer-stream.ts'

/**
 * What a source saw, uninterpreted. Everything the daemon ever learns about the kernel comes in this form,
 * so a recording holds all of these, and replaying it is the same work as live.
 */
export type RawRecord = { monoNs: string } & RawBody

export type RawBody =
  | {
      source: 'host'
      hostname: string
      kernel: string
      bootId: string
      cpus: number
      version: string
      stalledAfterMs: number
    }
  /** Wall clock (Unix ns) at `monoNs`, and CLOCK_BOOTTIME in steps of 10 ms. */
  | { source: 'clock'; wallNs: string; bootNs?: string }
  /** One record of the tracer (bpf/records.h); its own `monoNs` is that of the raw record. */
  | { source: 'probe'; record: TracerRecord }
  /** Lines of the kernel, as the tracer passes them on; their own `monoNs` is that of the raw record. */
  | { source: 'text'; text: TracerText }
  /**
   * A walk over /proc, where the tracer cannot list the tasks: threads may come and go meanwhile. `beganNs`: when it
   * began; `monoNs` is when it ended. Earlier versions recorded the first alone, as `monoNs`.
   */
  | { source: 'procfs-tasks'; tasks: RawTask[]; beganNs?: string }
  /** `modules`: livepatch modules without an entry under /sys/kernel/livepatch. */
  | { source: 'sysfs'; patches: RawPatch[]; modules?: RawModule[] }
  /** /proc/<pid>/task/<tid>: null where it could not be read. */
  | {
      source: 'procfs-task'
      tid: number
      /** True: read because it asked for a transition; false: because it is blocked. */
      requester: boolean
      /** Of earlier versions; today the tracer tells stacks. */
      stack?: string | null
      cmdline: string | null
      cgroup: string | null
    }
  /** One record of /dev/kmsg as read while no tracer does: `priority,sequence,microseconds,flags;text`. */
  | { source: 'kernel-log'; line: string }
  /** Records the kernel overwrote before they were read. */
  | { source: 'kernel-log'; lost: number }
  /** What earlier versions read by themselves, and the tracer tells today: TRACING_LINK, SYMBOL, and text. */
  | { source: 'bpf-links'; links: RawBpfLink[]; programs: string[] }
  | { source: 'symbols'; symbols: RawSymbol[] }
  | { source: 'shadow-callers'; callers: RawCaller[] }
  | { source: 'ftrace-sites'; lines: string[] | null }
  /** A line of a user's own bpftrace script, as it was printed (-f json), and lines that were not read. */
  | { source: 'user-probe'; probe: string; line: string }
  | { source: 'user-probe'; probe: string; lost: number; reason: string }
  /** What should be a record, and is none: a frame of the tracer, or of a recording. */
  | { source: 'recording'; line: string; error: string }
  /** CPU time used by the daemon and its tracers in a window of time. */
  | { source: 'overhead'; windowMs: number; daemonMs: number; tracersMs: number }
  | { source: 'tracer'; what: 'attached'; probeSets: RawProbeSet[] }
  | { source: 'tracer'; what: 'gap'; part: string; fromMonoNs: string; reason: string }
  | { source: 'tracer'; what: 'stopped'; reason: string }
  /** What became of the record itself. */
  | { source: 'record'; what: 'failed'; reason: string; remedy: string }
  | { source: 'record'; what: 'resumed'; lost: number }
  | { source: 'record'; what: 'lost'; place: LossPlace; count: number }
  /** How versions before `lost` told of what was not admitted. */
  | { source: 'record'; what: 'overrun'; lost: number }
  | { source: 'record'; what: 'renewed'; reason: string; setAside: string | null }

export const probeRecord = (record: TracerRecord): RawRecord => ({
  monoNs: String(record.monoNs),
  source: 'probe',
  record,
})

export const textRecord = (text: TracerText): RawRecord => ({
  monoNs: String(text.monoNs),
  source: 'text',
  text,
})

/** A frame that was whole and says nothing. */
export const notUnderstood = ({
  frame,
  reason,
  bytes,
}: Extract<TracerMessage, { type: 'not-understood' }>): Extract<RawBody, { source: 'recording' }> => ({
  source: 'recording',
  line: `a ${frame} frame of ${bytes} bytes`,
  error: reason,
})

export type RawTask = {
  tid: number
  pid: number
  startTicks: string
  patchState: string
  flags: string
  comm: string
  /** Null: /proc did not say. */
  cpu: number | null
}

export type RawPatch = {
  name: string
  /** File contents by name, as read: enabled, transition, replace, stack_order, and the module's version, srcversion, refcnt. */
  files: Record<string, string>
  /** `functions`: `name,sympos` as sysfs names them; earlier versions recorded the names alone. */
  objects: { name: string; patched: string | null; functions: string[] }[]
}

/** Contents of version, srcversion, refcnt and parameters/klpscope_sticky under /sys/module/<name>. */
export type RawModule = { name: string; files: Record<string, string> }

export type RawProbeSet = {
  name: string
  available: boolean
  reason?: string
  remedy?: string
  lost?: RawLostProbe[]
}

/** Something a set does without: a kernel function, or a symbol. */
export type RawLostProbe = { name: string; loss: string; reason: string; remedy: string }

export type RawBpfLink = { pid: number; comm: string; fdinfo: string }

/** `module` is null for vmlinux; `livepatch`: the module is one. */
export type RawCaller = {
  address: string
  function: string | null
  module: string | null
  livepatch: boolean
}

/** `name` is null where the kernel has no symbol at the address, or does not tell; `module` is null for vmlinux. */
export type RawSymbol = { address: string; name: string | null; module: string | null }
