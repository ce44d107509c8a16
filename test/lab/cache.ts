import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { asRoot } from './privilege.ts'

/** Tells a person what takes so long. */
export type Progress = (message: string) => void

/** Written last into what was built. */
const DETAILS = 'details.json'

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

export interface CachedBuild<Details> {
  /** Its name has to change whenever the result would (see hashOf): what exists is never built again. */
  readonly dir: string
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
  const finished = async () => {
    const file = join(wanted.dir, DETAILS)
    return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Details) : undefined
  }
  const ready = await finished()
  if (ready) return ready
  const building = `${wanted.dir}.building`
  await mkdir(dirname(wanted.dir), { recursive: true })
  const onWait = () => wanted.progress(`Another klpscope is preparing ${wanted.label}; waiting for it`)
  return withLock(`${wanted.dir}.lock`, onWait, async () => {
    const builtMeanwhile = await finished()
    if (builtMeanwhile) return builtMeanwhile
    // Without its details it is not a result of ours, whatever it is.
    await execa(...asRoot('rm', ['-rf', '--one-file-system', building, wanted.dir]))
    await mkdir(building)
    const details = await wanted.build(building)
    await writeFile(join(building, DETAILS), JSON.stringify(details))
    await rename(building, wanted.dir)
    return details
  })
}
