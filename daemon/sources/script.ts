import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeSet } from '../probes/probe-set.ts'
import type { RawProbeSet } from '../probes/raw-record.ts'
import type { Btf } from './btf.ts'
import type { KernelSymbols } from './kernel-symbols.ts'

export const readyRecord = 'klpscope.ready'

export type Script = { text: string; probeSets: RawProbeSet[] }

/** What a script has to know of the host. */
export type ScriptHost = KernelSymbols & {
  btf: Btf
  cpus: number
  /** Single shadow records per second; the rest are counted. */
  streamPerS: number
}

/**
 * Puts the probe sets together into one bpftrace script of what this kernel offers: a probe on a function it
 * lacks is left out (newer bpftrace refuses the whole script otherwise), a set that lacks what it needs is
 * left out whole and reported. One tracer for all keeps the order of events and the memory of one process.
 */
export const generateScript = (bpfDir: string, sets: readonly ProbeSet[], host: ScriptHost): Script => {
  const probeSets: RawProbeSet[] = []
  const parts: string[] = []
  for (const set of sets) {
    const missing = set.needs.filter((name) => !host.hasFunction(name))
    if (missing.length > 0) {
      probeSets.push({
        name: set.stem,
        available: false,
        reason: `this kernel does not let ${missing.join(', ')} be probed; not seen: ${set.purpose}`,
        remedy: 'A kernel with CONFIG_LIVEPATCH, CONFIG_KPROBES and CONFIG_FUNCTION_TRACER is needed.',
      })
      continue
    }
    const { text, unknown } = fillInLayout(readFileSync(join(bpfDir, `${set.stem}.bt`), 'utf8'), host.btf)
    if (unknown.length > 0) {
      probeSets.push({
        name: set.stem,
        available: false,
        reason: `the kernel's BTF does not know ${unknown.join(', ')}; not seen: ${set.purpose}`,
        remedy: 'A kernel with CONFIG_DEBUG_INFO_BTF (/sys/kernel/btf/vmlinux) is needed.',
      })
      continue
    }
    probeSets.push({ name: set.stem, available: true })
    parts.push(keepAvailable(text, host.hasFunction))
  }
  const text = `${parts.join('\n')}\nBEGIN { print(("${readyRecord}", nsecs / 1000000000, nsecs % 1000000000)); }\n`
  return { text: fillIn(text, host), probeSets }
}

/** The placeholders of the .bt files, and every kaddr() we can answer: bpftrace reads all symbols anew for each. */
const fillIn = (text: string, host: ScriptHost): string =>
  text
    .replaceAll('KLPSCOPE_CPUS', String(host.cpus))
    .replaceAll('KLPSCOPE_STREAM_PER_S', String(host.streamPerS))
    .replaceAll(/kaddr\("(\w+)"\)/g, (call, name: string) => {
      const address = host.addressOf(name)
      // As a negative number: old versions do not parse literals above 2^63. kptr(): new ones read no plain number.
      return address === null ? call : `kptr((uint64)(${BigInt.asIntN(64, address)}))`
    })

/** KLPSCOPE_OFFSET(struct,field) and KLPSCOPE_SIZE(struct), in bytes: old bpftrace has no offsetof. */
const fillInLayout = (source: string, btf: Btf): { text: string; unknown: string[] } => {
  const unknown: string[] = []
  const text = source.replaceAll(
    /KLPSCOPE_(?:OFFSET\((\w+),(\w+)\)|SIZE\((\w+)\))/g,
    (placeholder, struct, field, sized) => {
      const bytes = sized === undefined ? btf.offsetOf(struct, field) : btf.sizeOf(sized)
      if (bytes === null) unknown.push(sized ?? `${struct}.${field}`)
      return bytes === null ? placeholder : String(bytes)
    },
  )
  return { text, unknown }
}

/**
 * One block per attach point, without those on missing functions; a block ends with `}` in column 0. Never two
 * points to a block: bpftrace 0.17 numbers the programs of a function per list of points, so that a function in two
 * different lists gets one and the same program twice.
 */
const keepAvailable = (source: string, hasFunction: (name: string) => boolean): string =>
  source
    .split(/(?<=^}\n)/m)
    .map((block) => {
      const points = [...block.matchAll(/^(k(?:ret)?probe:(\w+)),?$/gm)]
      const [first, last] = [points[0], points.at(-1)]
      if (!first || !last) return block
      const comment = block.slice(0, first.index)
      const body = block.slice(last.index + last[0].length)
      const kept = points.filter((point) => hasFunction(point[2] ?? ''))
      return kept.map((point, index) => `${index === 0 ? comment : '\n'}${point[1]}${body}`).join('')
    })
    .join('')
