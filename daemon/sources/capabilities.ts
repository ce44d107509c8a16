import { accessSync, constants, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { execa } from 'execa'
import { probeSets } from '../probes/probe-sets.ts'
import { readBtf } from './btf.ts'
import { childEnvironment } from './child-environment.ts'
import { findProgram } from './find-program.ts'
import { readKernelSymbols } from './kernel-symbols.ts'
import { generateScript } from './script.ts'
import { livepatchDir } from './sysfs.ts'

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
export const probeCapabilities = async (bpfDir: string): Promise<Capability[]> => [
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
    'knowing which functions can be probed',
    tracefs() !== undefined,
    tracefs() ?? 'available_filter_functions is not readable',
    'mount -t tracefs tracefs /sys/kernel/tracing',
  ),
  check(
    'kernel symbols',
    'idle tasks, shadow variables, attaching to a running transition',
    readKernelSymbols().addressOf('klp_transition_patch') !== null,
    '/proc/kallsyms',
    'CONFIG_KALLSYMS_ALL; as root with kernel.kptr_restrict below 2.',
  ),
  lockdown(),
  check(
    'bpffs',
    'fast snapshots of all tasks (otherwise /proc is walked)',
    isBpffs(),
    '/sys/fs/bpf',
    'mount -t bpf bpf /sys/fs/bpf',
  ),
  check(
    'kernel log',
    'reasons of refused loads',
    readable('/dev/kmsg'),
    '/dev/kmsg',
    'Run as root; in a container, pass /dev/kmsg in.',
  ),
  await bpftrace(),
  ...probeSetCapabilities(bpfDir),
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
  ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((dir) =>
    readable(`${dir}/available_filter_functions`),
  )

const isBpffs = (): boolean => {
  try {
    return / \/sys\/fs\/bpf bpf [^\n]*\brw\b/.test(readFileSync('/proc/mounts', 'utf8'))
  } catch {
    return false
  }
}

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

const bpftrace = async (): Promise<Capability> => {
  const path = findProgram('bpftrace')
  if (path === null) return check('bpftrace', 'all probes', false, 'not on PATH', 'apt-get install bpftrace')
  const { stdout, failed } = await execa(path, ['--version'], {
    reject: false,
    timeout: 20_000,
    extendEnv: false,
    env: childEnvironment(),
  })
  const version = /v?(\d+)\.(\d+)/.exec(stdout)
  const recent = version !== null && (Number(version[1]) > 0 || Number(version[2]) >= 17)
  return check(
    'bpftrace',
    'all probes',
    !failed && recent,
    `${path} ${stdout.trim()}`,
    'Install bpftrace 0.17 or newer.',
  )
}

/** What of each probe set this kernel lets us attach. */
const probeSetCapabilities = (bpfDir: string): Capability[] => {
  const script = generateScript(bpfDir, probeSets, {
    ...readKernelSymbols(),
    btf: readBtf(),
    cpus: 1,
    streamPerS: 1,
    shadowCheckS: 60,
  })
  return script.probeSets.flatMap((set) => [
    {
      name: `probe set ${set.name}`,
      available: set.available,
      detail: set.reason ?? `bpf/${set.name}.bt`,
      remedy: set.remedy ?? null,
      loss: probeSets.find((known) => known.stem === set.name)?.purpose ?? '',
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
