#!/usr/bin/env node
// What stands behind npm's scripts: brings a fresh clone to the point where the real program can run, then
// runs it. Plain JavaScript without packages, because on a fresh machine there are none yet. Every step is
// skipped when what it makes is there and up to date.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BuildError, buildTracer } from '../bpf/build.mjs'
import { bundleArguments } from './bundle.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [, , job = 'start', ...args] = process.argv

const say = (text) => process.stderr.write(`klpscope: ${text}\n`)

const fail = (text, remedy) => {
  say(`${text}\n${remedy}`)
  process.exit(1)
}

/** A terminal's Ctrl-C reaches npm and this process, and npm passes it on as well: the program is told once. */
const sameSignalMs = 500

/**
 * Runs a program to its end, which a signal to this process asks it for; resolves with its exit code. In a group of its
 * own: what the terminal sends to all would reach it twice, and twice means at once.
 */
const run = (command, commandArgs) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, commandArgs, { cwd: root, stdio: 'inherit', detached: true })
    let toldAt = Number.NEGATIVE_INFINITY
    const tell = (signal) => {
      if (performance.now() - toldAt < sameSignalMs) return
      toldAt = performance.now()
      child.kill(signal)
    }
    process.on('SIGINT', tell)
    process.on('SIGTERM', tell)
    // The terminal is gone, and what was started in it goes too.
    process.on('SIGHUP', () => tell('SIGTERM'))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })

/** Runs a step silently, and shows all it said if it fails. */
const quietly = (what, command, commandArgs) => {
  const result = spawnSync(command, commandArgs, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  fail(`${what} failed (see above).`, 'Mend what it complains about and run the same command again.')
}

const filesUnder = (dir) =>
  readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

const hash = (files) => {
  const sum = createHash('sha256').update(process.version)
  for (const file of files) sum.update(relative(root, file)).update(readFileSync(file))
  return sum.digest('hex')
}

const upToDate = (stamp, value) => existsSync(stamp) && readFileSync(stamp, 'utf8') === value

const installPackages = () => {
  const stamp = join(root, 'node_modules', '.klpscope-stamp')
  const wanted = hash([join(root, 'package-lock.json')])
  if (upToDate(stamp, wanted)) return
  say('installing npm packages (once; better-sqlite3 may have to be compiled, about a minute)')
  // Not npm ci: it refuses a lock file without entries for other platforms' optional packages, which a
  // registry mirror need not hold. The versions come from the lock file either way.
  quietly('npm install', 'npm', ['install', '--no-save', '--no-progress', '--prefer-offline'])
  writeFileSync(stamp, wanted)
}

const dist = join(root, 'dist')

const bundle = (what, entries) =>
  quietly(what, join(root, 'node_modules/.bin/esbuild'), bundleArguments(entries, 'dist'))

const build = () => {
  const stamp = join(dist, '.stamp')
  const config = ['package.json', 'package-lock.json'].map((file) => join(root, file))
  const lab = filesUnder('test/lab').filter((file) => file.endsWith('.ts'))
  const wanted = hash([...filesUnder('daemon'), ...filesUnder('web'), ...lab, ...config])
  if (upToDate(stamp, wanted)) return
  say('building')
  mkdirSync(dist, { recursive: true })
  // Their names change with what is in them.
  for (const file of readdirSync(dist)) if (file.startsWith('chunk-')) rmSync(join(dist, file))
  bundle('Building the daemon', {
    klpscope: 'daemon/main.ts',
    'store-worker': 'daemon/store/store-worker.ts',
  })
  quietly('Building the dashboard', join(root, 'node_modules/.bin/vite'), ['build', 'web'])
  writeFileSync(stamp, wanted)
}

/** dist/klpscope-tracer: a job of its own, because it takes a C compiler and libbpf, which most jobs do not. */
const tracer = () => {
  const stamp = join(dist, '.tracer-stamp')
  const wanted = hash(filesUnder('bpf'))
  if (upToDate(stamp, wanted)) return 0
  say('building the tracer')
  try {
    buildTracer()
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    say(error.message)
    return 1
  }
  writeFileSync(stamp, wanted)
  return 0
}

const klpscope = (...more) => run(process.execPath, ['--enable-source-maps', 'dist/klpscope.js', ...more])

/** Runs Vitest and ends with a line of counts. */
const vitest = async (...projects) => {
  const report = join(dist, 'test-report.json')
  const status = await run(join(root, 'node_modules/.bin/vitest'), [
    'run',
    '--config=test/vitest.config.ts',
    ...projects.map((project) => `--project=${project}`),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args,
  ])
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'))
    console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)
  }
  return status
}

/** Only what will be booted is prepared. */
const wantedKernels = () => {
  const { KLPSCOPE_KERNELS: names } = process.env
  return names ? ['--kernel', ...names.split(',')] : []
}

const jobs = {
  start: () => klpscope('start', ...args),
  build: () => 0,
  tracer,
  'test-unit': () => vitest('unit'),
  test: async () => (await klpscope('lab', 'prepare', '--tests', ...wantedKernels())) || vitest(),
  bench: () => {
    // Its help and its host-side part need no lab; the machine is prepared before the first boot.
    bundle('Building the benches', {
      bench: 'test/bench/main.ts',
      'account-child': 'test/bench/account-child.ts',
    })
    return run(process.execPath, ['--enable-source-maps', 'dist/bench.js', ...args])
  },
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node.js ${process.versions.node} is too old.`, 'Install Node.js 20 or newer.')
}
if (!jobs[job]) fail(`There is no job ${job}.`, `Choose one of: ${Object.keys(jobs).join(', ')}.`)
installPackages()
build()
process.exitCode = await jobs[job]()
