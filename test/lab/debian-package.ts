import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { readAptMirror } from './apt-mirror.ts'

/** The mirror has no such package, or cannot be reached: the message says which and why. */
export class PackageNotOfferedError extends Error {
  override readonly name = 'PackageNotOfferedError'
}

/** Debian's name of a machine: amd64, arm64, s390x. */
export type Architecture = string

/**
 * apt with lists and cache in a folder of its own, for any suite and architecture. It checks signatures and checksums;
 * the machine's own lists stay as they are.
 */
const aptIn = async (dir: string, suite: string, architecture: Architecture) => {
  const { uri, keyring } = await readAptMirror()
  const signedBy = keyring ? `[signed-by=${keyring}] ` : ''
  await mkdir(join(dir, 'lists', 'partial'), { recursive: true })
  await mkdir(join(dir, 'cache', 'archives', 'partial'), { recursive: true })
  await writeFile(join(dir, 'sources.list'), `deb ${signedBy}${uri} ${suite} main\n`)
  await writeFile(join(dir, 'status'), '')
  const options = {
    'Dir::Etc::SourceList': join(dir, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(dir, 'lists'),
    'Dir::State::Status': join(dir, 'status'),
    'Dir::Cache': join(dir, 'cache'),
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    // Run as root it would become a user who cannot write here.
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  }
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  return (program: 'apt-get' | 'apt-cache', ...args: string[]) =>
    execa(program, [...flags, '-qq', ...args], { cwd: dir, reject: false, all: true, stdin: 'ignore' })
}

const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true })

/**
 * Downloads the newest package whose name matches into the folder, and returns its file. A mirror that is just being
 * updated may list a package whose file it does not have: then the one before.
 * @throws PackageNotOfferedError
 */
export const downloadPackage = async (
  dir: string,
  wanted: { suite: string; architecture: Architecture; name: RegExp },
): Promise<string> => {
  const { suite, architecture } = wanted
  const apt = await aptIn(dir, suite, architecture)
  const update = await apt('apt-get', 'update')
  const names = (await apt('apt-cache', 'pkgnames')).stdout
    .split('\n')
    .filter((name) => wanted.name.test(name))
  const complaints = [String(update.all ?? update.message)]
  for (const name of names.sort(newestFirst)) {
    const download = await apt('apt-get', 'download', name)
    const file = (await readdir(dir)).find((found) => found.endsWith('.deb'))
    if (!download.failed && file) return join(dir, file)
    complaints.push(String(download.all))
  }
  throw new PackageNotOfferedError(
    `The Debian mirror of this machine offers no package ${wanted.name.source} of ${suite} for ${architecture}. ${complaints.join('\n').trim()}`,
  )
}
