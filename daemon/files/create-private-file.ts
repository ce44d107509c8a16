import { closeSync, fchmodSync, openSync } from 'node:fs'

/**
 * Makes sure that a file exists; one that did not is created empty and for this user alone (0600), whatever the umask
 * is. One that exists keeps its mode and its contents.
 * @throws the error of open(2), unless it is that the file exists
 */
export const createPrivateFile = (file: string): void => {
  try {
    const descriptor = openSync(file, 'wx', 0o600)
    fchmodSync(descriptor, 0o600)
    closeSync(descriptor)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
