import { realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { chooseAcceleration } from './acceleration.ts'
import type { Progress } from './cache.ts'
import { checkoutRoot, guestCheckout } from './checkout.ts'
import { followFile } from './follow-file.ts'
import { chooseHostPort } from './host-port.ts'
import { ensureInitramfs } from './initramfs.ts'
import { ensureLabModules } from './kernel-modules.ts'
import { labKernel } from './kernels.ts'
import { LabError } from './lab-error.ts'
import { judgeOutcome, type LabOutcome } from './lab-outcome.ts'
import { makeOneFile } from './make-one-file.ts'
import type { QemuOptions } from './qemu.ts'
import { createSession, prepareOutDir } from './session-files.ts'
import { ensureSuite } from './suite.ts'
import { readIfThere, requireQemu, startVirtualMachine } from './virtual-machine.ts'

export interface LabOptions {
  /** One of LAB_KERNELS by name. */
  readonly kernel: string
  /** Bash, run as root in the VM once the daemon is ready. Without it the VM stays up until stopped. */
  readonly script?: string
  /** Where the results go; by default a temporary folder, removed again when all went well. */
  readonly outDir?: string
  readonly daemon?: boolean
  /** More flags for it. */
  readonly daemonFlags?: readonly string[]
  readonly memory?: string
  readonly clock?: QemuOptions['clock']
  readonly disk?: QemuOptions['disk']
  /** Host port of the dashboard; by default any free one. */
  readonly port?: number
  readonly timeoutS?: number
  readonly bootDeadlineS?: number
  readonly daemonDeadlineS?: number
  readonly progress?: Progress
  /** Gets the script's output while it runs. */
  readonly scriptOutput?: Writable
}

export interface LabResult extends LabOutcome {
  readonly outDir: string
  /** From QEMU's start to the guest's script, to the daemon's readiness and to the end. */
  readonly timings: { bootMs?: number; daemonReadyMs?: number; totalMs: number }
}

export interface LabHandle {
  readonly url: string
  readonly outDir: string
  /** The release that booted, as uname prints it. */
  readonly release: string
  /** Resolves when the daemon answers (without daemon: when the guest is up), rejects when that fails. */
  readonly ready: Promise<void>
  readonly outcome: Promise<LabResult>
  /** Ends the session, by default with the time it takes to collect its results. */
  stop(graceMs?: number): Promise<LabResult>
}

/** For the script to end what it started (15 s), the daemon its record (60 s at most), and for what is copied out. */
const STOP_GRACE_MS = 90_000

/** Everything the VM needs, from the cache or built now. */
const prepare = async (kernelName: string, progress: Progress) => {
  const kernel = labKernel(kernelName)
  await requireQemu()
  const suite = await ensureSuite(kernel, progress)
  const initramfs = await ensureInitramfs(suite, progress)
  const modules = await ensureLabModules(kernel, suite, progress)
  return { suite, initramfs, modules, acceleration: await chooseAcceleration(suite, initramfs, progress) }
}

/** Boots a lab kernel and resolves as soon as QEMU runs. */
export const startLab = async (options: LabOptions): Promise<LabHandle> => {
  const { daemon = true, memory = '3G', progress = () => undefined } = options
  // Alone the VM is up in 6 s and the daemon ready in 40; among several on a busy machine it takes five times that.
  const limits = {
    bootS: options.bootDeadlineS ?? 120,
    daemonS: options.daemonDeadlineS ?? 300,
    totalS: options.timeoutS ?? (options.script ? 900 : Number.POSITIVE_INFINITY),
  }
  const { suite, initramfs, modules, acceleration } = await prepare(options.kernel, progress)
  const port = await chooseHostPort(options.port)
  const outDir = await prepareOutDir(options.outDir)
  const session = await createSession(
    {
      LAB_CHECKOUT: guestCheckout,
      LAB_HOST_CHECKOUT: checkoutRoot(),
      LAB_NODE: process.execPath,
      LAB_SUITE_ROOT: await realpath(suite.root),
      LAB_KERNEL_MODULES: await realpath(suite.modulesDir),
      LAB_MODULES: await realpath(modules),
      LAB_DAEMON: daemon ? 1 : 0,
      LAB_DAEMON_FLAGS: (options.daemonFlags ?? []).join(' '),
      LAB_DASHBOARD_PORT: port,
      LAB_DAEMON_DEADLINE_S: limits.daemonS,
    },
    options.script,
  )

  const startedAt = performance.now()
  const elapsed = () => Math.round(performance.now() - startedAt)
  const said: string[] = []
  const timings: { bootMs?: number; daemonReadyMs?: number } = {}
  let stoppedBecause: 'asked' | 'timeout' | 'boot-deadline' | undefined
  let announceReady = () => {}
  const readySignal = new Promise<void>((resolve) => {
    announceReady = resolve
  })
  const onStatus = (line: string) => {
    said.push(line)
    if (line === 'guest-ready') {
      timings.bootMs = elapsed()
      clearTimeout(bootDeadline)
      progress(`Linux ${suite.release} is up after ${(timings.bootMs / 1000).toFixed(1)} s (${acceleration})`)
      if (!daemon) announceReady()
    }
    if (line === 'daemon-ready') {
      timings.daemonReadyMs = elapsed()
      progress(`The daemon in it is ready after ${(timings.daemonReadyMs / 1000).toFixed(1)} s`)
      announceReady()
    }
  }

  const serialLog = join(outDir, 'serial.log')
  const vm = await startVirtualMachine(
    {
      acceleration,
      vmlinuz: suite.vmlinuz,
      initramfs,
      memory,
      clock: options.clock ?? 'host',
      disk: options.disk,
      serialLog,
      share: { outDir, sessionDir: session.dir, port },
    },
    onStatus,
  )
  const stopFollowing = options.scriptOutput
    ? followFile(join(outDir, 'script.log'), options.scriptOutput)
    : async () => undefined

  let grace: NodeJS.Timeout | undefined
  const halt = (why: NonNullable<typeof stoppedBecause>, graceMs: number) => {
    stoppedBecause ??= why
    vm.say('stop')
    grace ??= setTimeout(vm.kill, graceMs)
  }
  const bootDeadline = setTimeout(() => halt('boot-deadline', 0), limits.bootS * 1000)
  const timeout = Number.isFinite(limits.totalS)
    ? setTimeout(() => halt('timeout', STOP_GRACE_MS), limits.totalS * 1000)
    : undefined

  const outcome = vm.ended.then(async ({ stderr }): Promise<LabResult> => {
    for (const timer of [bootDeadline, timeout, grace]) clearTimeout(timer)
    await stopFollowing()
    await session.remove()
    makeOneFile(join(outDir, 'klpscope.db'))
    const judged = judgeOutcome({
      said,
      stoppedBecause,
      serial: await readIfThere(serialLog),
      qemuStderr: stderr,
      daemonLog: await readIfThere(join(outDir, 'daemon.log')),
      scriptLog: await readIfThere(join(outDir, 'script.log')),
      limits,
    })
    if (options.outDir === undefined && judged.exitCode === 0)
      await rm(outDir, { recursive: true, force: true })
    return { ...judged, outDir, timings: { ...timings, totalMs: elapsed() } }
  })
  const ready = Promise.race([
    readySignal,
    outcome.then((result) => {
      throw new LabError(result.exitCode, result.message || 'The session ended before it was ready.', '')
    }),
  ])
  ready.catch(() => undefined)

  return {
    url: `http://127.0.0.1:${port}`,
    outDir,
    release: suite.release,
    ready,
    outcome,
    stop: (graceMs = STOP_GRACE_MS) => {
      halt('asked', graceMs)
      return outcome
    },
  }
}

/** Boots a lab kernel, runs the script in it and resolves when the VM is gone. */
export const runLab = async (options: LabOptions & { readonly script: string }): Promise<LabResult> => {
  const handle = await startLab(options)
  return handle.outcome
}
