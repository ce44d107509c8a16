import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's own folder: the program is bundled into dist/. */
export const packageDir = join(dirname(fileURLToPath(import.meta.url)), '..')
export const bpfDir = join(packageDir, 'bpf')
export const webDir = join(packageDir, 'dist', 'web')
/** Bundled beside the program, from daemon/store/store-worker.ts. */
export const storeWorkerFile = join(packageDir, 'dist', 'store-worker.js')
/** Built from bpf/ (npm run build:tracer). */
export const tracerFile = join(packageDir, 'dist', 'klpscope-tracer')
export const recordingsDir = join(packageDir, 'test', 'recordings')
export const packageVersion = (): string =>
  (JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string }).version
