import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Progress } from './cache.ts'
import { asRoot } from './privilege.ts'

/** A Debian package, and a program by which one sees that it, or an equal, is installed. */
export interface SystemPackage {
  readonly name: string
  readonly program: string
}

/** What the lab takes from the host; everything else comes with the suites. */
export const labPackages: readonly SystemPackage[] = [
  { name: 'qemu-system-x86', program: 'qemu-system-x86_64' },
  { name: 'debootstrap', program: 'debootstrap' },
  { name: 'kmod', program: 'insmod' },
]

/** What tracing this host takes. */
export const tracerPackages: readonly SystemPackage[] = [{ name: 'bpftrace', program: 'bpftrace' }]

/** Packages are missing and cannot be installed from here: the message is one sentence and the command. */
export class MissingPackagesError extends Error {
  override readonly name = 'MissingPackagesError'

  constructor(
    readonly packages: readonly string[],
    readonly command: string,
    reason: string,
  ) {
    super(`${reason} Run: ${command}`)
  }
}

/** Administrators' programs are not on everyone's PATH. */
const searchPath = (): string[] => [
  ...(process.env.PATH ?? '').split(':').filter(Boolean),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
]

const isInstalled = async (program: string): Promise<boolean> => {
  for (const dir of searchPath()) {
    const found = await access(join(dir, program), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/** The packages of the list whose programs this machine lacks. */
export const missingPackages = async (packages: readonly SystemPackage[]): Promise<string[]> => {
  const installed = await Promise.all(packages.map(({ program }) => isInstalled(program)))
  return packages.filter((_, index) => !installed[index]).map(({ name }) => name)
}

export const installCommand = (packages: readonly string[]): string =>
  `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`

const mayBecomeRoot = async (): Promise<boolean> =>
  process.getuid?.() === 0 || !(await execa('sudo', ['-n', 'true'], { reject: false })).failed

const apt = async (...args: string[]) =>
  execa(...asRoot('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args]), {
    reject: false,
    all: true,
    stdin: 'ignore',
  })

/** Installs what is missing, as root or through passwordless sudo; otherwise says what to run. */
export const installSystemPackages = async (
  packages: readonly SystemPackage[],
  progress: Progress,
): Promise<void> => {
  const missing = await missingPackages(packages)
  if (missing.length === 0) return
  const command = installCommand(missing)
  const give = (reason: string) => new MissingPackagesError(missing, command, reason)
  const list = missing.join(', ')
  if (!(await isInstalled('apt-get'))) {
    throw give(`These Debian packages, or their like on this system, are missing: ${list}.`)
  }
  if (!(await mayBecomeRoot())) {
    throw give(`These packages are missing, and installing them takes root or passwordless sudo: ${list}.`)
  }
  progress(`Installing ${list}`)
  // A mirror that is down matters only when the lists at hand do not do either.
  const update = await apt('update')
  const install = await apt('install', '-y', '--no-install-recommends', ...missing)
  if (!install.failed) return
  const tail = [update, install]
    .map(({ all }) => String(all).trim())
    .filter(Boolean)
    .join('\n')
    .split('\n')
    .slice(-8)
  throw give(`Installing ${list} failed: ${tail.join('\n')}\n`)
}
