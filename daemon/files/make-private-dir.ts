import { chmodSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory, and those above it that are missing, for this user alone (0700), whatever the umask is. One that
 * exists keeps its mode.
 * @throws the error of mkdir(2)
 */
export const makePrivateDir = (dir: string): void => {
  const first = mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = resolve(dir); made.length >= first.length; made = dirname(made)) chmodSync(made, 0o700)
}
