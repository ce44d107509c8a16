import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { execa } from 'execa'
import type { Progress } from './cache.ts'
import { asRoot } from './privilege.ts'

/** A Debian package, and a program or a file (an absolute path) by which one sees that it, or an equal, is installed. */
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

/** What building the tracer takes (bpf/build.mjs). */
export const tracerBuildPackages: readonly SystemPackage[] = [
  { name: 'clang', program: 'clang' },
  { name: 'gcc', program: 'gcc' },
  { name: 'bpftool', program: 'bpftool' },
  { name: 'libc6-dev', program: '/usr/include/stdio.h' },
  { name: 'libbpf-dev', program: '/usr/include/bpf/libbpf.h' },
  { name: 'libelf-dev', program: '/usr/include/libelf.h' },
  { name: 'zlib1g-dev', program: '/usr/include/zlib.h' },
]

/** For building its BPF object for other machines, and looking into their kernels, which tests do. */
export const otherMachinesPackages: readonly SystemPackage[] = [
  { name: 'linux-libc-dev-arm64-cross', program: '/usr/aarch64-linux-gnu/include/asm/ptrace.h' },
  { name: 'linux-libc-dev-s390x-cross', program: '/usr/s390x-linux-gnu/include/asm/ptrace.h' },
  { name: 'xz-utils', program: 'xz' },
  { name: 'zstd', program: 'zstd' },
]

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
  const [dirs, mode] = isAbsolute(program) ? [[''], constants.R_OK] : [searchPath(), constants.X_OK]
  for (const dir of dirs) {
    const found = await access(join(dir, program), mode).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/** The packages of the list whose programs or files this machine lacks. */
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
