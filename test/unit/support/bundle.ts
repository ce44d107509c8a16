import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

/** Bundles a program of this checkout into a folder as the build does. @returns its file */
export const bundleProgram = async (entry: string, dir: string): Promise<string> => {
  const outfile = join(dir, `${basename(entry, '.ts')}.mjs`)
  const addon = createRequire(import.meta.url).resolve('better-sqlite3')
  await build({
    entryPoints: [join(import.meta.dirname, '../../..', entry)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    // From another folder no package is found by name.
    alias: { 'better-sqlite3': addon },
    external: [addon],
    banner: {
      js: "import{createRequire as klpscopeRequire}from'node:module';const require=klpscopeRequire(import.meta.url);",
    },
    logLevel: 'warning',
  })
  return outfile
}

/** The store's threads. */
export const bundleStoreWorker = (dir: string): Promise<string> =>
  bundleProgram('daemon/store/store-worker.ts', dir)
