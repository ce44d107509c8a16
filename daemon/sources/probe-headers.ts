import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { passiveReason } from '../contract/passive.ts'
import { type ProbeSetName, probePurposes } from '../contract/probe-purposes.ts'
import type { RawProbeSet } from '../probes/raw-record.ts'
import type { TracerProbe } from '../raw/layout.ts'

/** A probe set as its sources in bpf/ have it. */
export type ProbeHeader = {
  name: ProbeSetName
  /** The BPF programs of the set. */
  programs: ReadonlySet<string>
  /** What is lost without a function or variable of the kernel, by its name: the headers' `Without` lines. */
  losses: ReadonlyMap<string, string>
}

/** The programs of iterators.bpf.c tell of tasks as well. */
const sourcesOf: Record<ProbeSetName, readonly string[]> = {
  transition: ['transition.bpf.c'],
  tasks: ['tasks.bpf.c', 'iterators.bpf.c'],
  lifecycle: ['lifecycle.bpf.c'],
  inventory: ['inventory.bpf.c'],
  shadow: ['shadow.bpf.c', 'shadow-walk.bpf.h'],
}

/** @throws Error when a source is not there: they are part of the package */
export const readProbeHeaders = (bpfDir: string): ProbeHeader[] =>
  probeSetNames.map((name) => {
    const sources = sourcesOf[name].map((file) => readFileSync(join(bpfDir, file), 'utf8'))
    return {
      name,
      programs: new Set(sources.flatMap(programsIn)),
      losses: new Map(sources.flatMap(lossesIn)),
    }
  })

export const probeSetNames = Object.keys(probePurposes) as ProbeSetName[]

/** `SEC("kprobe/…")`, and on the next line `int BPF_KPROBE(name, …)` or `int name(…)`. */
const programsIn = (source: string): string[] =>
  [...source.matchAll(/^SEC\("[^"]+"\)\nint (?:BPF_\w+\()?(\w+)/gm)].map(([, program = '']) => program)

/** Of the comment that opens the file: `Without  name: what is lost`, then a line each for further names. */
const lossesIn = (source: string): [string, string][] => {
  const header = source.slice(0, source.indexOf('*/'))
  const [, lines = ''] = /^ \* Without((?: +[\w.]+: .*\n \*)+)/m.exec(header) ?? []
  return [...lines.matchAll(/([\w.]+): (.*)/g)].map(([, name = '', loss = '']) => [name, loss])
}

/** What the tracer has attached of each set, from what it says of each program. */
export const probeSetsOf = (headers: readonly ProbeHeader[], probes: readonly TracerProbe[]): RawProbeSet[] =>
  headers.map(({ name, programs, losses }) => {
    const mine = probes.filter(({ program }) => programs.has(program))
    const lacking = mine.filter(({ attached }) => !attached)
    const [first] = lacking
    if (!first) return { name, available: mine.length > 0 }
    if (lacking.length === mine.length)
      return {
        name,
        available: false,
        reason: `${reasonOf(first)}; not seen: ${probePurposes[name]}`,
        remedy: remedyOf(first),
      }
    const bySubject = new Map(lacking.map((probe) => [probe.subject, probe]))
    const lost = [...bySubject].map(([subject, probe]) => ({
      name: subject,
      loss: losses.get(subject) ?? probePurposes[name],
      reason: reasonOf(probe),
      remedy: remedyOf(probe),
    }))
    return { name, available: true, lost }
  })

/** Nothing is seen, for one reason. */
export const blindSets = (reason: string, remedy: string): RawProbeSet[] =>
  probeSetNames.map((name) => ({ name, available: false, reason, remedy }))

const reasonOf = ({ reason }: TracerProbe): string => reason ?? 'the tracer gives no reason'

const remedyOf = ({ errno, reason }: TracerProbe): string =>
  (passiveReason(reason) === null ? remedies : passiveRemedies)[errno] ?? otherRemedy

const otherRemedy =
  'Restart the daemon once what is in the way is gone (another tracer, a kprobe blacklist); klpscope doctor tells what this host offers.'

/** Of probes that are attached and do not fire, by what the tracer says of them (bpf/tracer/sight.c). */
export const silencedRemedy = (reason: string): string =>
  reason.includes('ftrace_enabled')
    ? 'Run: sysctl -w kernel.ftrace_enabled=1. Until then no livepatch can be loaded either.'
    : reason.includes('kprobes/enabled')
      ? 'Run: echo 1 > /sys/kernel/debug/kprobes/enabled'
      : otherRemedy

const thisKernel =
  'Nothing is to be done on this kernel; newer ones (6.1 is the oldest tried) offer it. All else works without.'

/** By errno, include/uapi/asm-generic/errno-base.h and errno.h. */
const remedies: Record<number, string> = {
  108: 'Find out who has disabled it, and enable it again; or restart the daemon, which attaches new probes.',
  2: 'If the kernel has CONFIG_LIVEPATCH, CONFIG_KPROBES, CONFIG_FUNCTION_TRACER and CONFIG_KALLSYMS_ALL, nothing is to be done: its version, or its compiler, lacks it. All else works without.',
  95: thisKernel,
  99: thisKernel,
}

/** The same of what is left out in passive mode: bpf/tracer/passive.c. */
const passiveRemedies: Record<number, string> = {
  1: 'Boot with lockdown=integrity or none to let BPF read the kernel.',
  16: 'Nothing is to be done here: on a kernel with CONFIG_LIVEPATCH_FTRACE, and without CONFIG_LIVEPATCH_RESTRICT_KPROBE, probes would be attached.',
  95: 'Nothing is to be done: a kprobe might keep a livepatch of this vendor from taking effect.',
  125: 'Start the daemon without --passive to have probes attached.',
}
