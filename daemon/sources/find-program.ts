import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Full path of a program on PATH, or null. */
export const findProgram = (name: string): string | null =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => join(dir, name))
    .find((path) => existsSync(path)) ?? null
