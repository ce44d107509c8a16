import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RawModule, RawPatch } from '../probes/raw-record.ts'
import { stickyParameter } from '../probes/sysfs.ts'
import { livepatchDir } from './livepatch-dir.ts'

const moduleDir = '/sys/module'

const patchFiles = ['enabled', 'transition', 'replace', 'stack_order']
const moduleFiles = ['version', 'srcversion', 'refcnt', stickyParameter]

/**
 * Reads all of /sys/kernel/livepatch. Patches may vanish meanwhile: what is gone is left out.
 * Synchronous on purpose: a handful of tiny files, each a thread-pool round trip dearer than its reading.
 */
export const scanLivepatches = (): RawPatch[] =>
  listDirs(livepatchDir)
    .map(scanPatch)
    .filter((patch) => patch.files.enabled !== undefined)

/**
 * Livepatch modules that are loaded though their patch is gone (disabled, replaced): those seen under
 * /sys/kernel/livepatch before, and at first those the kernel marks (taint K, TAINT_LIVEPATCH).
 */
export const createModuleScan = (): ((patches: RawPatch[]) => RawModule[]) => {
  const seen = new Set(
    listDirs(moduleDir).filter((name) => read(join(moduleDir, name, 'taint'))?.includes('K')),
  )
  return (patches) => {
    const inPlace = new Set(patches.map((patch) => patch.name))
    for (const name of inPlace) seen.add(name)
    return [...seen].flatMap((name) => {
      if (inPlace.has(name)) return []
      const files = readAll(join(moduleDir, name), moduleFiles)
      if (Object.keys(files).length > 0) return [{ name, files }]
      seen.delete(name)
      return []
    })
  }
}

const scanPatch = (name: string): RawPatch => {
  const dir = join(livepatchDir, name)
  const files = { ...readAll(dir, patchFiles), ...readAll(join(moduleDir, name), moduleFiles) }
  const objects = listDirs(dir)
    .filter((entry) => entry !== 'power')
    .map((object) => ({
      name: object,
      patched: read(join(dir, object, 'patched')) ?? null,
      functions: listDirs(join(dir, object)),
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
