import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Holds for the sources (test/lab/) and for the bundle (dist/) alike. */
const LANDMARK = join('test', 'lab', 'guest', 'init.sh')

/** The clone this program runs from: the nearest folder upwards that holds the lab's guest files. */
export const checkoutRoot = (start = dirname(fileURLToPath(import.meta.url))): string => {
  // The VM looks for the same path, and a symbolic link need not lead there yet when it does.
  if (existsSync(join(start, LANDMARK))) return realpathSync(start)
  const parent = dirname(start)
  if (parent === start) {
    throw new Error(`The lab's files (${LANDMARK}) are missing. Run klpscope from a complete clone.`)
  }
  return checkoutRoot(parent)
}

export const labFile = (...parts: string[]): string => join(checkoutRoot(), 'test', 'lab', ...parts)

/** The checkout as the lab's VM sees it. */
export const guestCheckout = '/lab/checkout'

/** Where the VM has a file of this machine: all of them under the same path, those of the checkout also under its own. */
export const pathInGuest = (path: string, root = checkoutRoot()): string =>
  path.startsWith(`${root}/`) ? guestCheckout + path.slice(root.length) : path
