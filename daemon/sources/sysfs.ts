import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RawPatch } from '../probes/raw-record.ts'

export const livepatchDir = '/sys/kernel/livepatch'

const patchFiles = ['enabled', 'transition', 'replace', 'stack_order']
const moduleFiles = ['version', 'srcversion', 'refcnt']

/** Reads all of /sys/kernel/livepatch. Patches may vanish meanwhile: what is gone is left out. */
export const scanLivepatches = async (): Promise<RawPatch[]> => {
  const names = await list(livepatchDir)
  const patches = await Promise.all(names.map(scanPatch))
  return patches.filter((patch) => patch.files.enabled !== undefined)
}

const scanPatch = async (name: string): Promise<RawPatch> => {
  const dir = join(livepatchDir, name)
  const files = {
    ...(await readAll(dir, patchFiles)),
    ...(await readAll(join('/sys/module', name), moduleFiles)),
  }
  const objectNames = (await listDirs(dir)).filter((entry) => entry !== 'power')
  const objects = await Promise.all(
    objectNames.map(async (object) => ({
      name: object,
      patched: (await read(join(dir, object, 'patched'))) ?? null,
      // <function>,<sympos>
      functions: (await listDirs(join(dir, object))).map((entry) => entry.replace(/,\d+$/, '')),
    })),
  )
  return { name, files, objects }
}

const readAll = async (dir: string, names: string[]): Promise<Record<string, string>> => {
  const entries = await Promise.all(names.map(async (name) => [name, await read(join(dir, name))] as const))
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

const read = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    return undefined
  }
}

const list = async (dir: string): Promise<string[]> => readdir(dir).catch(() => [])

const listDirs = async (dir: string): Promise<string[]> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}
