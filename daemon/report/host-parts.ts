import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Capability } from '../sources/capabilities.ts'
import { livepatchDir } from '../sources/livepatch-dir.ts'
import { type BundlePart, partOf } from './bundle-part.ts'

/** Names under which a part stands that was copied from a file of the host: as in a sosreport. */
const copyOf = (path: string): string => join('host', path)

/** What this host says of itself, for a record that was made on it in this boot. Only read; nothing is run. */
export const hostParts = (capabilities: Capability[]): BundlePart[] => [
  partOf('host/modules.tsv', 'versions, srcversions and taints of all loaded modules', readModules),
  ...livepatchFiles().map((path) => partOf(copyOf(path), 'copy of sysfs', () => readFileSync(path, 'utf8'))),
  partOf(copyOf('/proc/sys/kernel/tainted'), 'what taints the kernel, as bits', () =>
    readFileSync('/proc/sys/kernel/tainted', 'utf8'),
  ),
  partOf(copyOf('/proc/cmdline'), 'the kernel’s command line', () => readFileSync('/proc/cmdline', 'utf8')),
  partOf(copyOf('/proc/version'), 'the kernel’s version', () => readFileSync('/proc/version', 'utf8')),
  partOf(copyOf('/etc/os-release'), 'the distribution', () => readFileSync('/etc/os-release', 'utf8')),
  partOf('host/kernel-config', 'the kernel’s configuration', readConfig),
  partOf('host/doctor.txt', 'what klpscope can see on this host: klpscope doctor', () =>
    capabilities.map(capabilityLine).join('\n'),
  ),
]

const readModules = (): string => {
  const rows = readdirSync('/sys/module')
    // Only what can be unloaded has a state; the others are parts of the kernel.
    .filter((name) => existsSync(`/sys/module/${name}/initstate`))
    .sort()
    .map((name) =>
      [
        name,
        ...['version', 'srcversion', 'refcnt', 'initstate', 'taint'].map((file) => value(name, file)),
      ].join('\t'),
    )
  return ['name\tversion\tsrcversion\trefcnt\tinitstate\ttaint', ...rows, ''].join('\n')
}

const value = (module: string, file: string): string => {
  try {
    return readFileSync(`/sys/module/${module}/${file}`, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Files of /sys/kernel/livepatch that can be read; what only takes writes (force) has nothing to copy. */
const livepatchFiles = (dir = livepatchDir): string[] => {
  if (!existsSync(dir)) return [dir]
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return entry.name === 'power' ? [] : livepatchFiles(path)
    return entry.isFile() && (statSync(path).mode & 0o444) !== 0 ? [path] : []
  })
}

const readConfig = (): string => {
  if (existsSync('/proc/config.gz')) return gunzipSync(readFileSync('/proc/config.gz')).toString('utf8')
  return readFileSync(`/boot/config-${release()}`, 'utf8')
}

const capabilityLine = ({ name, available, detail, remedy, loss }: Capability): string =>
  available
    ? `yes  ${name}: ${detail}`
    : ` no  ${name}: ${detail}\n     lost: ${loss}${remedy ? `\n     do:   ${remedy}` : ''}`
