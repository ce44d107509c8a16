import { readFile } from 'node:fs/promises'
import { cpus, hostname, release } from 'node:os'
import type { RawBody, RawPatch, RawRecord } from '../probes/raw-record.ts'
import { parseProcfs } from '../probes/task-table.ts'
import type { Frame } from '../raw/frames.ts'
import type { TracerRecord } from '../raw/records.ts'
import { timeUntil } from '../time-until.ts'
import { createClockWatch, monotonicNs } from './clock.ts'
import { followKernelLog, type KernelLog } from './kernel-log.ts'
import { type OverheadWatch, watchOverhead } from './overhead.ts'
import { readProbeHeaders } from './probe-headers.ts'
import { inspectTask, walkTasks } from './procfs.ts'
import { createQuietTime } from './quiet-time.ts'
import { createModuleScan, scanLivepatches } from './sysfs.ts'
import { superviseTracer, type Tracer } from './tracer.ts'
import type { ReadAccount } from './tracer-reader.ts'
import { inheritedPipes } from './user-probe-pipes.ts'
import { startUserProbes, type UserProbe, type UserProbes } from './user-probes.ts'

export type ObserverOptions = {
  /** Where a tracer is started for whoever connects. */
  tracerSocket: string
  bpfDir: string
  version: string
  stalledAfterMs: number
  /** Sees each frame of the tracer as it came, before it is decoded. */
  onFrame: (frame: Frame) => void
  account: ReadAccount
  /** Users' own bpftrace scripts. */
  userProbes: readonly UserProbe[]
}

export type Observer = {
  /** Resolves once all probes are attached or reported missing. */
  ready: Promise<void>
  /**
   * Ends everything, also what is being attached. What was seen is passed on until then at the latest (on
   * performance.now's clock), and nothing after it.
   */
  stop: (until: number) => Promise<void>
}

/** Between looks at sysfs: during a transition, and in quiet times. */
const busyMs = 1_000
const quietMs = 5_000
const inspectionsPerLook = 50
const walkPurpose = 'which tasks are switched is not known while the tracer does not list them'

/** A look that is dear, on a huge or starved host, is repeated less often: at most a fifth of one CPU goes into it. */
const pauseAfter = (tookMs: number): number => Math.max(busyMs - tookMs, 4 * tookMs)

/**
 * Everything that looks at the kernel, behind one door that opens one way: raw records go out, nothing comes in.
 * It decides by itself what to read when.
 */
export const startObserver = (options: ObserverOptions, tell: (record: RawRecord) => void): Observer => {
  let stopped = false
  let ended = false
  const onRecord = (record: RawRecord): void => {
    if (!ended) tell(record)
  }
  const emit = (body: RawBody): void => onRecord({ monoNs: monotonicNs(), ...body })
  const report = (what: string) => (error: unknown) => {
    if (stopped) return
    const reason = `${what}: ${error instanceof Error ? error.message : String(error)}`
    emit({ source: 'tracer', what: 'gap', part: 'observer', fromMonoNs: monotonicNs(), reason })
  }
  let tracer: Tracer | undefined
  let kernelLog: KernelLog | undefined
  let overhead: OverheadWatch | undefined
  const quiet = createQuietTime()
  let userProbes: UserProbes | undefined
  const scanModules = createModuleScan()
  const watchClocks = createClockWatch()
  let busy = false
  let walkedAtMs = Number.NEGATIVE_INFINITY
  let inspections = 0
  let isTold = false
  let wasAttempted = false

  const tellClocks = (): void => {
    const clocks = watchClocks()
    if (clocks) onRecord(clocks)
  }

  const emitPatches = (patches: RawPatch[]): void =>
    emit({ source: 'sysfs', patches, modules: scanModules(patches) })

  /** What /proc has to say is read at once: a blocked task, or who asked for a transition, may be gone a second later. */
  const followUp = (record: TracerRecord): RawBody | undefined => {
    switch (record.record) {
      case 'transition-asked':
        return inspectTask(record.by.tid, true)
      case 'task-blocked':
        return record.task.tid > 0 ? inspectTask(record.task.tid, false) : undefined
      case 'task-waited-for':
        // Without the probes nobody else says who is blocked.
        return tracer?.sees('tasks') || inspections++ >= inspectionsPerLook
          ? undefined
          : inspectTask(record.task.tid, false)
      default:
        return undefined
    }
  }

  const heard = (record: RawRecord): void => {
    if (record.source !== 'probe') {
      onRecord(record)
      return
    }
    if (record.record.record.startsWith('transition-')) quiet.disturb()
    const next = followUp(record.record)
    onRecord(record)
    if (next) emit(next)
  }

  /** Where the tracer cannot list the tasks. */
  const walk = async (patches: RawPatch[]): Promise<void> => {
    walkedAtMs = performance.now()
    const beganNs = monotonicNs()
    const tasks = await walkTasks()
    if (tasks === null) {
      // Until the tracer is there nobody expects it.
      if (isTold || !wasAttempted) return
      isTold = true
      report(walkPurpose)(new Error('/proc/<pid>/patch_state is for root alone'))
      return
    }
    onRecord({ source: 'procfs-tasks', tasks, beganNs, monoNs: monotonicNs() })
    const running = patches.find((patch) => patch.files.transition === '1')
    if (!running) return
    const target = Number(running.files.enabled)
    const blocked = parseProcfs(tasks).filter((task) => task.patchState === 1 - target)
    for (const task of blocked.slice(0, inspectionsPerLook)) emit(inspectTask(task.tid, false))
  }

  const look = async (): Promise<void> => {
    const patches = scanLivepatches()
    busy = patches.some((patch) => patch.files.transition === '1')
    inspections = 0
    emitPatches(patches)
    const since = performance.now() - walkedAtMs
    if (!tracer?.lists() && since >= (busy ? 0 : quietMs)) await walk(patches)
    tellClocks()
  }

  const lookAgain = async (): Promise<void> => {
    while (!stopped) {
      const startedMs = performance.now()
      await look().catch(report('looking at /sys and /proc'))
      // After a look that took long the pause is long too.
      const pauseMs = pauseAfter(performance.now() - startedMs)
      // The tracer tells when a transition begins; most end within their first second by themselves.
      const idleMs = busy || !tracer?.sees('transition') ? pauseMs : Math.max(pauseMs, quietMs)
      await quiet.pause(idleMs, busyMs, quietMs)
    }
  }

  const attach = async (): Promise<void> => {
    const { account, bpfDir, onFrame, tracerSocket } = options
    const sink = { frame: onFrame, tell: heard }
    if (stopped) return
    userProbes = startUserProbes(options.userProbes, inheritedPipes, emit)
    tracer = superviseTracer(tracerSocket, readProbeHeaders(bpfDir), sink, account)
    await tracer.firstAttempt
    wasAttempted = true
    if (!stopped) overhead = watchOverhead(emit, () => tracer?.worker() ?? null)
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
    try {
      kernelLog = followKernelLog(emit, () => tracer?.attached() !== true)
    } catch (error) {
      report('the kernel log is not read while no tracer tells of it')(error)
    }
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
      await inTime([tracer?.stop(until), userProbes?.stop(until)])
      await inTime([looking])
      ended = true
      kernelLog?.stop()
      overhead?.stop()
    },
  }
}
