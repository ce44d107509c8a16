import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { readAptMirror } from './apt-mirror.ts'
import { buildOnce, cachePath, hashOf, type Progress } from './cache.ts'
import { labFile } from './checkout.ts'
import type { LabKernel } from './kernels.ts'
import { LAB_EXIT, LabError } from './lab-error.ts'
import { asRoot } from './privilege.ts'
import { installCommand, labPackages, missingPackages } from './system-packages.ts'

/** A Debian userland with kernel, compiler and bpftrace of one age. */
export interface Suite {
  readonly root: string
  readonly modulesDir: string
  readonly vmlinuz: string
  /** As `uname -r` prints it. */
  readonly release: string
}

/** apt's own proxy setting, for debootstrap and the suites, which only know the environment's. */
export const proxyVariables = async (): Promise<string[]> => {
  const { stdout } = await execa('apt-config', ['shell', 'PROXY', 'Acquire::http::Proxy'], { reject: false })
  const proxy = /^PROXY='(.*)'$/m.exec(stdout)?.[1]
  return proxy ? [`http_proxy=${proxy}`] : []
}

const requireDebootstrap = async (): Promise<void> => {
  const missing = await missingPackages(labPackages.filter(({ name }) => name === 'debootstrap'))
  if (missing.length === 0) return
  throw new LabError(
    LAB_EXIT.setupFailed,
    'debootstrap, which unpacks the Debian suite of a lab kernel, is missing on this machine.',
    `Run: ${installCommand(missing)}`,
  )
}

const buildSuite = async (
  kernel: LabKernel,
  dir: string,
  progress: Progress,
): Promise<{ release: string }> => {
  await requireDebootstrap()
  const mirror = await readAptMirror()
  progress(`Preparing Debian ${kernel.suite} with its kernel in ${cachePath('suites')} (once, a few minutes)`)
  const script = labFile('setup', 'build-suite.sh')
  const variables = ['DEBIAN_FRONTEND=noninteractive', ...(await proxyVariables())]
  const args = [script, kernel.suite, mirror.uri, mirror.keyring ?? '', dir]
  const running = execa(...asRoot('env', [...variables, 'unshare', '--mount', 'bash', ...args]), {
    reject: false,
    all: true,
    stdin: 'ignore',
    buffer: true,
  })
  const announce = async () => {
    for await (const line of running.iterable({ from: 'all' })) {
      if (line.startsWith('==> ')) progress(line.slice(4))
    }
  }
  const [result] = await Promise.all([running, announce().catch(() => undefined)])
  if (result.failed) {
    const tail = String(result.all).split('\n').slice(-15).join('\n')
    throw new LabError(
      LAB_EXIT.setupFailed,
      `Preparing Debian ${kernel.suite} failed:\n${tail}\n`,
      `Check that ${mirror.uri} is reachable, that the disk has 3 GB free, and that root or passwordless sudo is at hand; then try again.`,
    )
  }
  return { release: (await readFile(join(dir, 'release'), 'utf8')).trim() }
}

/** The suite of a lab kernel, downloaded and unpacked on first use. */
export const ensureSuite = async (kernel: LabKernel, progress: Progress): Promise<Suite> => {
  const recipe = hashOf(await readFile(labFile('setup', 'build-suite.sh')))
  const dir = cachePath('suites', `${kernel.suite}-${recipe}`)
  const { release } = await buildOnce({
    dir,
    label: `Debian ${kernel.suite}`,
    progress,
    build: (building) => buildSuite(kernel, building, progress),
  })
  return {
    root: join(dir, 'root'),
    modulesDir: join(dir, 'root', 'lib', 'modules'),
    vmlinuz: join(dir, 'root', 'boot', `vmlinuz-${release}`),
    release,
  }
}
