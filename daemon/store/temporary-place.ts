import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../user-error.ts'

export type TemporaryPlace = { file: string; remove: () => void }

const places = new Set<string>()

/**
 * A file's path in a directory that nobody else may enter; removed by `remove`, or when the program ends.
 * @throws UserError when there is no room for one
 */
export const temporaryPlace = (name: string): TemporaryPlace => {
  if (places.size === 0) watchEnd()
  const dir = makeDir()
  places.add(dir)
  return {
    file: join(dir, name),
    remove: () => {
      places.delete(dir)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const makeDir = (): string => {
  try {
    return mkdtempSync(join(tmpdir(), 'klpscope-'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(
      `A temporary directory cannot be made in ${tmpdir()} (${code}).`,
      'Make room there, or name another place with TMPDIR.',
    )
  }
}

let watched = false

const watchEnd = (): void => {
  if (watched) return
  watched = true
  process.on('exit', () => {
    for (const dir of places) rmSync(dir, { recursive: true, force: true })
  })
  // A signal that nobody else handles would end the program without its exit event.
  for (const [signal, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + number)
    })
  }
}
