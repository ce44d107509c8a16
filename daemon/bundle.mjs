// How esbuild makes one file of a program. Plain JavaScript, for bootstrap.mjs.
export const bundleArguments = (entry, outfile) => [
  entry,
  '--bundle',
  '--platform=node',
  '--format=esm',
  '--target=node20',
  // A native addon cannot be bundled.
  '--external:better-sqlite3',
  '--sourcemap',
  // Bundled CommonJS packages call require().
  "--banner:js=import{createRequire as klpscopeRequire}from'node:module';const require=klpscopeRequire(import.meta.url);",
  `--outfile=${outfile}`,
  '--log-level=warning',
]
