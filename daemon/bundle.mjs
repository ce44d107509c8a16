// How esbuild makes programs of their sources. Plain JavaScript, for bootstrap.mjs.
/** @param entries sources by the name of the program; what several of them share, or load later, goes into chunks. */
export const bundleArguments = (entries, outdir) => [
  ...Object.entries(entries).map(([name, source]) => `${name}=${source}`),
  '--bundle',
  '--splitting',
  '--chunk-names=chunk-[hash]',
  '--platform=node',
  '--format=esm',
  '--target=node20',
  // A native addon cannot be bundled.
  '--external:better-sqlite3',
  '--sourcemap',
  // Bundled CommonJS packages call require().
  "--banner:js=import{createRequire as klpscopeRequire}from'node:module';const require=klpscopeRequire(import.meta.url);",
  `--outdir=${outdir}`,
  '--log-level=warning',
]
