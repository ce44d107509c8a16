import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { asRoot } from './privilege.ts'

/** Tells a person what takes so long. */
export type Progress = (message: string) => void

const STAMP = 'stamp.json'

/** Where everything the lab downloads or builds is kept, outside the checkout. */
export const cachePath = (...parts: string[]): string => {
  const base = process.env.KLPSCOPE_CACHE || process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(base, 'klpscope', 'lab', ...parts)
}

export const hashOf = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex').slice(0, 16)
}

/** Runs `work` while no other process on this machine holds the lock of the same name. */
const withLock = async <T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> => {
  // flock lets go when its stdin closes, hence also when this process is killed.
  const holder = execa('flock', ['--exclusive', file, 'sh', '-c', 'echo locked; read -r _'], {
    stdin: 'pipe',
    reject: false,
  })
  const waiting = setTimeout(onWait, 500)
  try {
    const locked = await new Promise<boolean>((resolve) => {
      holder.stdout.once('data', () => resolve(true))
      holder.once('exit', () => resolve(false))
      holder.once('error', () => resolve(false))
    })
    if (!locked) throw new Error(`Cannot lock ${file}. Is it writable, and is util-linux installed?`)
    clearTimeout(waiting)
    return await work()
  } finally {
    clearTimeout(waiting)
    holder.stdin.end()
    await holder
  }
}

const readStamp = async <Stamp>(dir: string): Promise<Stamp | undefined> => {
  const file = join(dir, STAMP)
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Stamp) : undefined
}

export interface CachedBuild<Details> {
  readonly dir: string
  /** Changes whenever the result would: an entry of another recipe is built anew. */
  readonly recipe: string
  readonly label: string
  readonly progress: Progress
  /** Fills an empty folder; what it returns is kept beside the result. */
  build(dir: string): Promise<Details>
}

/**
 * The cached result of a build, built now if need be. It is built beside its place and renamed when
 * complete, so an interrupted build is never mistaken for a finished one, and under a lock, so two
 * processes do not build the same.
 */
export const buildOnce = async <Details extends object>(wanted: CachedBuild<Details>): Promise<Details> => {
  const fresh = async () => {
    const stamp = await readStamp<{ recipe: string; details: Details }>(wanted.dir)
    return stamp?.recipe === wanted.recipe ? stamp.details : undefined
  }
  const ready = await fresh()
  if (ready) return ready
  const parent = dirname(wanted.dir)
  await mkdir(parent, { recursive: true })
  const onWait = () => wanted.progress(`Another klpscope is preparing ${wanted.label}; waiting for it`)
  return withLock(`${wanted.dir}.lock`, onWait, async () => {
    const builtMeanwhile = await fresh()
    if (builtMeanwhile) return builtMeanwhile
    const name = basename(wanted.dir)
    for (const entry of await readdir(parent)) {
      if (entry === name || entry.startsWith(`${name}.building-`)) await removeTree(join(parent, entry))
    }
    const building = join(parent, `${name}.building-${process.pid}`)
    await mkdir(building)
    const details = await wanted.build(building)
    await writeFile(join(building, STAMP), JSON.stringify({ recipe: wanted.recipe, details }))
    await rename(building, wanted.dir)
    return details
  })
}

const removeTree = async (dir: string): Promise<void> => {
  await execa(...asRoot('rm', ['-rf', '--one-file-system', dir]))
}
