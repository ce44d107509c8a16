import { accessSync, constants, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { type ProbeSetName, probePurposes } from '../contract/probe-purposes.ts'
import { checkProbes } from './check-probes.ts'
import { livepatchDir } from './livepatch-dir.ts'
import { blindSets, probeSetsOf, readProbeHeaders } from './probe-headers.ts'

/** One thing this host offers or not. */
export type Capability = {
  name: string
  available: boolean
  /** What was found, or why it is not available. */
  detail: string
  /** What to do about it; null when nothing has to be done. */
  remedy: string | null
  /** What is lost without it. */
  loss: string
}

/** Asks the host itself, never a version number. Changes nothing. */
export const probeCapabilities = async (tracer: string, bpfDir: string): Promise<Capability[]> => [
  check(
    'root',
    'everything that reads the kernel',
    process.getuid?.() === 0,
    `uid ${process.getuid?.()}`,
    'Run it with sudo.',
  ),
  check(
    'livepatching',
    'everything',
    readable(livepatchDir),
    `Linux ${release()}`,
    'Boot a kernel with CONFIG_LIVEPATCH.',
  ),
  check(
    'patch state of tasks',
    'which tasks are switched',
    readable('/proc/self/patch_state'),
    '/proc/<pid>/patch_state',
    'Boot a kernel with CONFIG_LIVEPATCH, and run as root.',
  ),
  check(
    'kernel stacks',
    'where a blocked task sleeps',
    readable('/proc/self/stack'),
    '/proc/<pid>/stack',
    'CONFIG_STACKTRACE, and root.',
  ),
  check(
    'BTF',
    'all probes',
    readable('/sys/kernel/btf/vmlinux'),
    '/sys/kernel/btf/vmlinux',
    'Boot a kernel with CONFIG_DEBUG_INFO_BTF.',
  ),
  check(
    'tracefs',
    'which ftrace sites patches hold',
    tracefs() !== undefined,
    tracefs() ?? 'enabled_functions is not readable',
    'mount -t tracefs tracefs /sys/kernel/tracing',
  ),
  lockdown(),
  check(
    'kernel log',
    'reasons of refused loads',
    readable('/dev/kmsg'),
    '/dev/kmsg',
    'Run as root; in a container, pass /dev/kmsg in.',
  ),
  ...(await probeSetCapabilities(tracer, bpfDir)),
]

const check = (
  name: string,
  loss: string,
  available: boolean,
  detail: string,
  remedy: string,
): Capability => ({
  name,
  available,
  detail,
  remedy: available ? null : remedy,
  loss,
})

const readable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK)
    // procfs checks again when the file is read.
    if (path.startsWith('/proc/')) readFileSync(path)
    return true
  } catch {
    return false
  }
}

const tracefs = (): string | undefined =>
  ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((dir) => readable(`${dir}/enabled_functions`))

/** Lockdown in confidentiality mode forbids BPF to read kernel memory. Source: security/lockdown, kernel_lockdown(7). */
const lockdown = (): Capability => {
  let mode = 'none'
  try {
    mode = /\[(\w+)\]/.exec(readFileSync('/sys/kernel/security/lockdown', 'utf8'))?.[1] ?? 'none'
  } catch {
    mode = 'none (not configured)'
  }
  return check(
    'no lockdown',
    'all probes',
    mode !== 'confidentiality',
    `mode ${mode}`,
    'Boot with lockdown=integrity or none.',
  )
}

/** What of each probe set this kernel offers: the tracer says, without loading anything. */
const probeSetCapabilities = async (tracer: string, bpfDir: string): Promise<Capability[]> => {
  const check = await checkProbes(tracer)
  const sets =
    'failure' in check
      ? blindSets(check.failure, check.remedy)
      : probeSetsOf(readProbeHeaders(bpfDir), check.probes)
  return sets.flatMap((set) => [
    {
      name: `probe set ${set.name}`,
      available: set.available,
      detail: set.reason ?? 'klpscope-tracer',
      remedy: set.remedy ?? null,
      loss: probePurposes[set.name as ProbeSetName],
    },
    ...(set.lost ?? []).map(({ name, loss, reason, remedy }) => ({
      name: `probe set ${set.name}: ${name}`,
      available: false,
      detail: reason,
      remedy,
      loss,
    })),
  ])
}
