import { readFile } from 'node:fs/promises'
import { cpus, hostname, release } from 'node:os'
import { probeSets } from '../probes/probe-sets.ts'
import type { RawBody, RawPatch, RawRecord } from '../probes/raw-record.ts'
import { parseIterator, parseProcfs } from '../probes/task-table.ts'
import { timeUntil } from '../time-until.ts'
import { scanBpfLinks } from './bpf-links.ts'
import { readBtf } from './btf.ts'
import { createClockWatch, monotonicNs } from './clock.ts'
import { followUp } from './follow-up.ts'
import { createFunctionTracer, type FunctionTracer } from './function-tracer.ts'
import { followInventory, type InventoryFollower } from './inventory-follower.ts'
import { followKernelLog, type KernelLog } from './kernel-log.ts'
import { readKernelSymbols } from './kernel-symbols.ts'
import type { LineAccount } from './line-queue.ts'
import { type OverheadWatch, watchOverhead } from './overhead.ts'
import { inspectTask, walkTasks } from './procfs.ts'
import { createQuietTime } from './quiet-time.ts'
import { recordName } from './record-name.ts'
import { createReordering } from './reordering.ts'
import { generateScript, type Without } from './script.ts'
import { createShadowCallers } from './shadow-callers.ts'
import { createModuleScan, scanLivepatches } from './sysfs.ts'
import { pinTaskIterator, type TaskIterator } from './task-iterator.ts'
import { superviseTracer, type Tracer } from './tracer.ts'

export type ObserverOptions = {
  /** Path of bpftrace; null: not installed. */
  bpftrace: string | null
  bpfDir: string
  /** For generated scripts. */
  runDir: string
  version: string
  stalledAfterMs: number
  /** Single shadow records per second; the rest are counted. */
  streamPerS: number
  /** Between two walks of klp_shadow_hash, in seconds. */
  shadowCheckS: number
  /** Calls per second of one patched function above which its calls are not counted any more. */
  callBudgetPerS: number
  account: LineAccount
}

export type Observer = {
  /** Resolves once all probes are attached or reported missing, and all tasks were seen. */
  ready: Promise<void>
  /**
   * Ends everything, also what is being attached. What was seen is passed on until then at the latest (on
   * performance.now's clock), and nothing after it.
   */
  stop: (until: number) => Promise<void>
}

/** Between snapshots: during a transition, and in quiet times. */
const busyMs = 1_000
const quietMs = 5_000
/** A transition nobody stands in the way of is over by then. */
const transitionSettleMs = 3_000
/** Looking for tracing programs means a look at every open file of the host. */
const linksMs = 10_000
const inspectionsPerSnapshot = 50

/** A look that is dear, on a huge or starved host, is repeated less often: at most a fifth of one CPU goes into it. */
const pauseAfter = (tookMs: number): number => Math.max(busyMs - tookMs, 4 * tookMs)

/**
 * Everything that needs root, behind one door that opens one way: raw records go out, nothing comes in.
 * It decides by itself what to read when.
 */
export const startObserver = (options: ObserverOptions, tell: (record: RawRecord) => void): Observer => {
  let stopped = false
  let ended = false
  const onRecord = (record: RawRecord): void => {
    if (!ended) tell(record)
  }
  let tracer: Tracer | undefined
  let iterator: TaskIterator | undefined
  let kernelLog: KernelLog | undefined
  let overhead: OverheadWatch | undefined
  const quiet = createQuietTime(transitionSettleMs)
  const scanModules = createModuleScan()
  let inventory: InventoryFollower | undefined
  let flushTracer: () => void = () => undefined
  /** Where snapshots go: while there is a tracer, in among what it tells. */
  let place: (record: RawRecord) => void = onRecord
  let functionTracer: FunctionTracer | undefined
  const shadowCallers = createShadowCallers(
    quiet,
    (body) => emit(body),
    (error) => report('reading kernel symbols')(error),
  )
  let snapshotAt = 0
  let busy = false
  const watchClocks = createClockWatch()
  let linksAt = 0
  const emit = (body: RawBody) => onRecord({ monoNs: monotonicNs(), ...body })

  const tellClocks = (): void => {
    const clocks = watchClocks()
    if (clocks) onRecord(clocks)
  }

  /** What /proc has to say of a line is read at once. */
  const follow = (line: string): RawBody | undefined => {
    const next = followUp(line)
    if (!next) return shadowCallers.follow(line)
    if (!next.requester && next.suspectBpf) suspectBpf()
    if (!next.requester && next.cutName) emitPatches(scanLivepatches())
    return inspectTask(next.inspect, next.requester)
  }

  const emitPatches = (patches: RawPatch[]): void =>
    emit({ source: 'sysfs', patches, modules: scanModules(patches) })

  const suspectBpf = (): void => {
    if (Date.now() - linksAt < linksMs) return
    linksAt = Date.now()
    emit(scanBpfLinks())
  }

  const logged = (body: RawBody): void => {
    if ('line' in body && body.line.includes('has an unreliable stack')) suspectBpf()
    emit(body)
  }

  const snapshot = async (patches: RawPatch[]): Promise<void> => {
    snapshotAt = Date.now()
    const beganNs = monotonicNs()
    const record: RawRecord = iterator
      ? { source: 'task-iterator', text: await iterator.read(), beganNs, monoNs: monotonicNs() }
      : { source: 'procfs-tasks', tasks: await walkTasks(), beganNs, monoNs: monotonicNs() }
    place(record)
    // Without the probes nobody else says who is blocked.
    const running = patches.find((patch) => patch.files.transition === '1')
    if (!running || tracer?.sees('tasks')) return
    const target = Number(running.files.enabled)
    const tasks = record.source === 'task-iterator' ? parseIterator(record.text) : parseProcfs(record.tasks)
    const blocked = tasks.filter((task) => task.patchState === 1 - target)
    for (const task of blocked.slice(0, inspectionsPerSnapshot)) emit(inspectTask(task.tid, false))
  }

  const look = async (): Promise<void> => {
    const patches = scanLivepatches()
    busy = patches.some((patch) => patch.files.transition === '1')
    emitPatches(patches)
    if (Date.now() - snapshotAt >= (busy ? 0 : quietMs)) await snapshot(patches)
    tellClocks()
  }

  const lookAgain = async (): Promise<void> => {
    while (!stopped) {
      const startedAt = Date.now()
      await look().catch(report('looking at /sys and /proc'))
      // After a look that took long the pause is long too.
      const pauseMs = pauseAfter(Date.now() - startedAt)
      // The tracer tells when a transition begins; most end within their first second by themselves.
      const idleMs = busy || !tracer?.sees('transition') ? pauseMs : Math.max(pauseMs, quietMs)
      await quiet.pause(idleMs, busyMs, quietMs)
    }
  }

  const report = (what: string) => (error: unknown) => {
    if (stopped) return
    const reason = `${what}: ${error instanceof Error ? error.message : String(error)}`
    emit({ source: 'tracer', what: 'gap', part: 'observer', fromMonoNs: monotonicNs(), reason })
  }

  const attach = async (): Promise<void> => {
    if (options.bpftrace === null) {
      const reason = 'bpftrace is not installed'
      const remedy = 'apt-get install bpftrace, then restart the daemon'
      const missing = probeSets.map((set) => ({ name: set.stem, available: false, reason, remedy }))
      emit({ source: 'tracer', what: 'attached', probeSets: missing })
      return
    }
    const { account, bpftrace, bpfDir, runDir, callBudgetPerS, streamPerS, shadowCheckS } = options
    const generate = (without: Without) => {
      const host = { ...readKernelSymbols(), btf: readBtf(), cpus: cpus().length, streamPerS, shadowCheckS }
      return generateScript(bpfDir, probeSets, host, without)
    }
    const calls = createFunctionTracer(
      { account, bpftrace, bpfDir, runDir, budgetPerS: callBudgetPerS },
      emit,
    )
    functionTracer = calls
    inventory = followInventory(quiet, emit, report('reading kernel symbols'), calls.want)
    const reordering = createReordering((body) => {
      emit(body)
      inventory?.follow(body)
    }, account)
    const { take, flush } = reordering
    flushTracer = flush
    place = (record) => reordering.place(BigInt(record.monoNs), record)
    const onBody = (body: RawBody) => {
      if (body.source === 'bpftrace' && recordName(body.line)?.startsWith('transition.')) quiet.disturb()
      if (body.source === 'bpftrace') return take(body.line, follow(body.line))
      flush()
      emit(body)
      inventory?.follow(body)
    }
    tracer = superviseTracer(bpftrace, generate, runDir, onBody, account)
    // At the same time: on a host of many threads each look at /proc would slow down the attaching.
    iterator = await pinTaskIterator(bpftrace, bpfDir, runDir).catch((error: unknown) => {
      report('snapshots come from /proc instead')(error)
      return undefined
    })
    if (stopped) await iterator?.unpin()
    await tracer.firstAttempt
    if (!stopped) overhead = watchOverhead(emit)
  }

  const begin = async (): Promise<void> => {
    tellClocks()
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    const { version, stalledAfterMs } = options
    emit({
      source: 'host',
      hostname: hostname(),
      kernel: release(),
      bootId,
      cpus: cpus().length,
      version,
      stalledAfterMs,
    })
    kernelLog = followKernelLog(logged, () => !tracer?.sees('tasks'))
    // A transition that is already stuck is shown before the first probe is attached.
    await look()
    looking = lookAgain()
    await attach()
  }
  let looking: Promise<void> = Promise.resolve()
  const ready = begin()

  return {
    ready,
    stop: async (until) => {
      stopped = true
      quiet.stop()
      const inTime = (work: (Promise<void> | undefined)[]) =>
        Promise.race([Promise.allSettled(work), timeUntil(until)])
      await inTime([tracer?.stop(until), functionTracer?.stop(until)])
      place = onRecord
      flushTracer()
      await inTime([inventory?.stop(), shadowCallers.stop(), looking])
      ended = true
      await inTime([iterator?.unpin()])
      kernelLog?.stop()
      overhead?.stop()
    },
  }
}
