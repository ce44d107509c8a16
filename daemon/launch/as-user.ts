import { spawnSync } from 'node:child_process'
import { childEnvironment } from '../sources/child-environment.ts'
import { UserError } from '../user-error.ts'
import type { ServiceUser } from './service-user.ts'

/**
 * A command that runs another as a user without any privilege, now or later: no capabilities, and none to be had from
 * a program that has some (no_new_privs). It ends with us.
 * @param enter what root does just before
 */
export const asUser = (
  { uid, gid }: ServiceUser,
  command: readonly string[],
  enter: readonly string[] = [],
): [string, string[]] => {
  const [program = '', ...args] = [
    ...enter,
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
    '--pdeathsig=KILL',
    '--',
    ...command,
  ]
  return [program, args]
}

/** Whether the user may read (`r`), write (`w`) or run (`x`) what stands at a path. @throws UserError without setpriv */
export const userMay = (
  user: ServiceUser,
  what: 'r' | 'w' | 'x',
  path: string,
  enter: readonly string[] = [],
): boolean => {
  const [command, args] = asUser(user, ['test', `-${what}`, path], enter)
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', env: childEnvironment() })
  if (error)
    throw new UserError(
      `setpriv cannot be run (${(error as NodeJS.ErrnoException).code}).`,
      'Install util-linux: by it the daemon gives up its privileges.',
    )
  // test(1) says nothing; where we cannot enter, nothing can be read.
  if (stderr && enter.length === 0)
    throw new UserError(
      `Privileges cannot be given up: ${stderr.trim()}.`,
      'Start klpscope daemon with all of root’s capabilities; it keeps none.',
    )
  return status === 0
}
