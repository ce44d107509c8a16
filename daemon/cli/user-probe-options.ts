import { accessSync, constants, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { printableText } from '../raw/printable.ts'
import type { UserProbe } from '../sources/user-probes.ts'
import { UserError } from '../user-error.ts'

/** The scripts that --probe names, each called like its file. */
export const userProbesOf = (files: readonly string[]): UserProbe[] =>
  files.map((file) => ({ name: printableText(basename(file, '.bt')), file: resolve(file) }))

/** @throws UserError when a script cannot be read, or two have one name, or we may not or must not run them */
export const requireUserProbes = (
  files: readonly string[],
  passive = false,
  uid = process.getuid?.(),
): void => {
  if (passive && files.length > 0) {
    throw new UserError(
      '--probe adds probes to the kernel, and --passive promises that there are none.',
      'Leave one of them out.',
    )
  }
  const names = new Map<string, string>()
  for (const { name, file } of userProbesOf(files)) {
    if (uid !== 0) {
      throw new UserError(
        `${file} cannot be run: bpftrace needs root.`,
        'Start the daemon as root, or leave --probe out.',
      )
    }
    requireReadable(file)
    const other = names.get(name)
    if (other !== undefined) {
      throw new UserError(
        `${file} and ${other} have the same name, by which their events are told apart.`,
        'Rename one of them.',
      )
    }
    names.set(name, file)
  }
}

const requireReadable = (file: string): void => {
  try {
    accessSync(file, constants.R_OK)
    if (statSync(file).isFile()) return
  } catch (error) {
    throw new UserError(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      'Name a bpftrace script with --probe.',
    )
  }
  throw new UserError(`${file} is no file.`, 'Name a bpftrace script with --probe.')
}
