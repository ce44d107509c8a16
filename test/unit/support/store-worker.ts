import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles the store's threads into a folder as the build does, for a test that starts them. */
export const bundleStoreWorker = async (dir: string): Promise<string> => {
  const outfile = join(dir, 'store-worker.mjs')
  const addon = createRequire(import.meta.url).resolve('better-sqlite3')
  await build({
    entryPoints: [join(import.meta.dirname, '../../../daemon/store/store-worker.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    // From a temporary folder no package is found by name.
    alias: { 'better-sqlite3': addon },
    external: [addon],
    logLevel: 'warning',
  })
  return outfile
}
