import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const bpfDir = join(import.meta.dirname, '../../../bpf')

/** In a file of bpf/: what stands there once, and what shall stand there. */
export type Alteration = readonly [file: string, from: string, to: string]

/** Builds the tracer from altered sources, for a VM: DIR/bpf are these, DIR/dist/klpscope-tracer is the program. */
export const buildAlteredTracer = async (dir: string, alterations: readonly Alteration[]): Promise<void> => {
  const altered = join(dir, 'bpf')
  cpSync(bpfDir, altered, { recursive: true })
  for (const [name, from, to] of alterations) {
    const file = join(altered, name)
    const [before, after, ...others] = readFileSync(file, 'utf8').split(from)
    if (after === undefined || others.length > 0) throw new Error(`${name} does not hold ${from} once`)
    writeFileSync(file, `${before}${to}${after}`)
  }
  const { buildTracer } = (await import(pathToFileURL(join(altered, 'build.mjs')).href)) as {
    buildTracer: (outDir: string) => void
  }
  buildTracer(join(dir, 'dist'))
}
