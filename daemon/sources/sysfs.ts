import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RawPatch } from '../probes/raw-record.ts'

export const livepatchDir = '/sys/kernel/livepatch'

const patchFiles = ['enabled', 'transition', 'replace', 'stack_order']
const moduleFiles = ['version', 'srcversion', 'refcnt']

/**
 * Reads all of /sys/kernel/livepatch. Patches may vanish meanwhile: what is gone is left out.
 * Synchronous on purpose: a handful of tiny files, each a thread-pool round trip dearer than its reading.
 */
export const scanLivepatches = (): RawPatch[] =>
  listDirs(livepatchDir)
    .map(scanPatch)
    .filter((patch) => patch.files.enabled !== undefined)

const scanPatch = (name: string): RawPatch => {
  const dir = join(livepatchDir, name)
  const files = { ...readAll(dir, patchFiles), ...readAll(join('/sys/module', name), moduleFiles) }
  const objects = listDirs(dir)
    .filter((entry) => entry !== 'power')
    .map((object) => ({
      name: object,
      patched: read(join(dir, object, 'patched')) ?? null,
      // <function>,<sympos>
      functions: listDirs(join(dir, object)).map((entry) => entry.replace(/,\d+$/, '')),
    }))
  return { name, files, objects }
}

const readAll = (dir: string, names: string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const text = read(join(dir, name))
      return text === undefined ? [] : [[name, text]]
    }),
  )

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

const listDirs = (dir: string): string[] => {
  let entries: Dirent[]
  try {
    entries = readdirSync(dir, { withFileTypes: true })
  } catch {
    return []
  }
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}
