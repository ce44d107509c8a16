import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeSet } from '../probes/probe-set.ts'
import type { RawProbeSet } from '../probes/raw-record.ts'
import type { KernelSymbols } from './kernel-symbols.ts'

export const readyRecord = 'klpscope.ready'

export type Script = { text: string; probeSets: RawProbeSet[] }

/** What a script has to know of the host. */
export type ScriptHost = KernelSymbols & {
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
    probeSets.push({ name: set.stem, available: true })
    parts.push(keepAvailable(readFileSync(join(bpfDir, `${set.stem}.bt`), 'utf8'), host.hasFunction))
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
      // As a negative number: old versions do not parse literals above 2^63.
      return address === null ? call : `(uint64)(${BigInt.asIntN(64, address)})`
    })

/** Drops attach points on missing functions, and a block that has none left. A block ends with `}` in column 0. */
const keepAvailable = (source: string, hasFunction: (name: string) => boolean): string =>
  source
    .split(/(?<=^}\n)/m)
    .map((block) => {
      const points = [...block.matchAll(/^k(?:ret)?probe:(\w+)(,?)$/gm)]
      const missing = points.filter((point) => !hasFunction(point[1] ?? ''))
      if (missing.length === 0) return block
      if (missing.length === points.length) return ''
      const kept = points
        .filter((point) => !missing.includes(point))
        .map((point) => point[0].replace(',', ''))
      const lines = block.split('\n').filter((line) => !points.some((point) => point[0] === line))
      const head = lines.findIndex((line) => line.startsWith('{') || line.startsWith('/@'))
      return [...lines.slice(0, head), kept.join(',\n'), ...lines.slice(head)].join('\n')
    })
    .join('')
