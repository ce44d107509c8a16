import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeSet } from '../probes/probe-set.ts'
import type { RawLostProbe, RawProbeSet } from '../probes/raw-record.ts'
import type { Btf } from './btf.ts'
import { hostLacks } from './host-lacks.ts'
import type { KernelSymbols } from './kernel-symbols.ts'
import {
  type AttachLine,
  type Missing,
  missingIn,
  type ProbeBlock,
  type ProbeFile,
  parseProbeFile,
  placeholder,
  symbolsIn,
} from './probe-file.ts'

export const readyRecord = 'klpscope.ready'

/** What a script has to do without, and why: functions, whole sets, or single blocks (`tasks#3`), by name. */
export type Without = ReadonlyMap<string, string>

export type Script = {
  text: string
  probeSets: RawProbeSet[]
  /** Where in the text each block stands, in that order. */
  blocks: ScriptBlock[]
  /** The kernel's types that it needs, as BTF; null: all of them. */
  btf: Buffer | null
}

/** `point`: what it is attached to, as bpftrace writes it; `line`: its first, from 1. */
export type ScriptBlock = {
  name: string
  set: string
  point: string
  function: string | null
  line: number
}

/** bpf/shadow.bt: interval:ms:50. */
const shadowTicksPerS = 20

/** What a script has to know of the host. */
export type ScriptHost = KernelSymbols & {
  btf: Btf
  cpus: number
  /** Single shadow records per second; the rest are counted. */
  streamPerS: number
  /** Between two walks of klp_shadow_hash, in seconds. */
  shadowCheckS: number
}

/**
 * Puts the probe sets together into one bpftrace script of what this kernel offers. A block that needs what the
 * kernel lacks is left out (bpftrace refuses the whole script otherwise) and its feature reported as lost; one
 * that is essential takes its set with it. One tracer for all keeps the order of events and the memory of one
 * process.
 */
export const generateScript = (
  bpfDir: string,
  sets: readonly ProbeSet[],
  host: ScriptHost,
  without: Without = new Map(),
): Script => {
  const lacking = hostLacks(host)
  const chosen = sets.map((set) => {
    const file = parseProbeFile(readFileSync(join(bpfDir, `${set.stem}.bt`), 'utf8'))
    if (lacking) return { set, file, parts: [], lost: [], unavailable: lacking }
    return { set, file, ...choose(set, file, host, without) }
  })
  const kept = chosen.filter(({ unavailable }) => unavailable === null)
  const declarations = kept.map(({ file }) => file.declarations).join('')
  let text = `BEGIN\n{\n${declarations}  print(("${readyRecord}", nsecs / 1000000000, nsecs % 1000000000));\n}\n`
  const blocks: ScriptBlock[] = []
  for (const { set, parts } of kept) {
    for (const { name, point, block } of parts) {
      const line = text.split('\n').length
      blocks.push({ name, set: set.stem, point: point.text, function: point.function, line })
      text += `${fillIn(`${block.comment}${point.text}${block.body}`, host)}\n`
    }
  }
  const probeSets = chosen.map(({ set, unavailable, lost }): RawProbeSet => {
    if (unavailable) return { name: set.stem, available: false, ...unavailable }
    return { name: set.stem, available: true, ...(lost.length > 0 ? { lost } : {}) }
  })
  return { text, probeSets, blocks, btf: host.btf.subset(structsIn(text), pointersFollowed) }
}

/** No expression of the .bt files goes on through more, not even one that begins at another's result. */
const pointersFollowed = 3

/** curtask is a pointer to its structure in newer versions of bpftrace. */
const structsIn = (text: string): string[] => [
  ...new Set(['task_struct', ...[...text.matchAll(/\bstruct (\w+)/g)].map(([, name = '']) => name)]),
]

type Chosen = {
  /** One block per attach point. */
  parts: { name: string; point: AttachLine; block: ProbeBlock }[]
  lost: RawLostProbe[]
  unavailable: { reason: string; remedy: string } | null
}

/**
 * Never two points to a block: bpftrace 0.17 numbers the programs of a function per list of points, so that a
 * function in two different lists gets one and the same program twice.
 */
const choose = (set: ProbeSet, file: ProbeFile, host: ScriptHost, without: Without): Chosen => {
  const parts: Chosen['parts'] = []
  const lost = new Map<string, RawLostProbe>()
  const unseen = `; not seen: ${set.purpose}`
  const refused = without.get(set.stem)
  if (refused !== undefined) {
    return { parts, lost: [], unavailable: { reason: refused + unseen, remedy: attachRemedy } }
  }
  for (const [index, block] of file.blocks.entries()) {
    for (const point of block.points) {
      const name = `${set.stem}#${index}`
      const missing = whatIsMissing(name, point, block, host, without)
      if (!missing) {
        parts.push({ name, point, block })
        continue
      }
      const { reason, remedy } = missing
      const known = [missing.name, point.function ?? '', ...symbolsIn(block.body)]
      const what = known.find((each) => file.losses.has(each))
      if (what === undefined) {
        return { parts: [], lost: [], unavailable: { reason: reason + unseen, remedy } }
      }
      lost.set(what, { name: what, loss: file.losses.get(what) ?? '', reason, remedy })
    }
  }
  // Entry and return of a function live off each other's maps.
  const whole = parts.filter(({ point }) => !lost.has(point.function ?? ''))
  return { parts: whole, lost: [...lost.values()], unavailable: null }
}

const attachRemedy =
  'Restart the daemon once what is in the way is gone (another tracer, a kprobe blacklist); klpscope doctor tells what this host offers.'

const whatIsMissing = (
  name: string,
  point: AttachLine,
  block: ProbeBlock,
  host: ScriptHost,
  without: Without,
): (Missing & { remedy: string }) | null => {
  const refused = without.get(point.function ?? '') ?? without.get(name)
  if (refused !== undefined) return { name, reason: refused, remedy: attachRemedy }
  if (point.function !== null && !host.hasFunction(point.function)) {
    return {
      name: point.function,
      reason: `this kernel does not let ${point.function} be probed`,
      remedy: 'A kernel with CONFIG_LIVEPATCH, CONFIG_KPROBES and CONFIG_FUNCTION_TRACER is needed.',
    }
  }
  const missing = missingIn(block, host)
  const remedy =
    'A kernel with CONFIG_DEBUG_INFO_BTF (/sys/kernel/btf/vmlinux) and CONFIG_KALLSYMS_ALL is needed.'
  return missing && { ...missing, remedy }
}

/** The placeholders of the .bt files, and every kaddr(): bpftrace reads all symbols anew for each. */
const fillIn = (text: string, host: ScriptHost): string =>
  text
    .replaceAll('KLPSCOPE_CPUS', String(host.cpus))
    .replaceAll('KLPSCOPE_STREAM_PER_S', String(host.streamPerS))
    .replaceAll(placeholder, (_, struct: string, field: string, sized?: string) =>
      String(sized === undefined ? host.btf.offsetOf(struct, field) : host.btf.sizeOf(sized)),
    )
    .replaceAll('KLPSCOPE_SHADOW_CHECK_TICKS', String(Math.round(host.shadowCheckS * shadowTicksPerS)))
    .replaceAll(/kaddr\("(\w+)"\)/g, (call, name: string) => {
      const address = host.addressOf(name)
      // As a negative number: old versions do not parse literals above 2^63. kptr(): new ones read no plain number.
      return address === null ? call : `kptr((uint64)(${BigInt.asIntN(64, address)}))`
    })
