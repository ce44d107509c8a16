import { chmodSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { UserError } from '../user-error.ts'
import { userMay } from './as-user.ts'
import type { ServiceUser } from './service-user.ts'

/** Where the daemon's user finds Node.js and the program. */
export type ProgramPlace = {
  /** A command that runs another where these paths are true. */
  enter: readonly string[]
  node: string
  script: string
  /** Takes away what was made for it. */
  leave: () => void
}

/** Makes two directories of root's visible at other paths, for the command that follows alone. */
const bind = 'mount --bind "$1" "$2" && mount --bind "$3" "$4" && shift 4 && exec "$@"'

/**
 * In its own place, or when that lies where the user may not go (a clone in /root, a Node.js in somebody's home), at
 * paths below the run directory that exist for the daemon only.
 * @param packageDir the package that the script is part of
 * @throws UserError when the user may not read it there either
 */
export const findProgramPlace = (user: ServiceUser, packageDir: string, runDir: string): ProgramPlace => {
  const script = realpathSync(process.argv[1] ?? '')
  const own = { enter: [], node: process.execPath, script, leave: () => undefined }
  if (isReachable(user, own)) return own
  const dir = join(runDir, `program-${process.pid}`)
  const [program, node] = [join(dir, 'package'), join(dir, 'node')]
  const leave = () => rmSync(dir, { recursive: true, force: true })
  mkdirSync(program, { recursive: true })
  chmodSync(dir, 0o755)
  writeFileSync(node, '')
  const elsewhere = {
    enter: ['unshare', '--mount', '--', 'sh', '-c', bind, 'sh', packageDir, program, process.execPath, node],
    node,
    script: join(program, relative(realpathSync(packageDir), script)),
    leave,
  }
  if (isReachable(user, elsewhere)) return elsewhere
  leave()
  throw new UserError(
    `User ${user.name}, as which the daemon runs, may not read ${script}, or not run ${process.execPath}.`,
    'Put klpscope and Node.js where every user may, for example under /opt, or name a user who may with --user.',
  )
}

const isReachable = (user: ServiceUser, { enter, node, script }: ProgramPlace): boolean =>
  userMay(user, 'x', node, enter) && userMay(user, 'r', script, enter)
