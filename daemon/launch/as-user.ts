import { spawnSync } from 'node:child_process'
import { childEnvironment } from '../sources/child-environment.ts'
import { UserError } from '../user-error.ts'
import type { ServiceUser } from './service-user.ts'

/**
 * A command that runs another as a user without any privilege, now or later: no capabilities, and none to be had from
 * a program that has some (no_new_privs). It ends with us.
 */
export const asUser = ({ uid, gid }: ServiceUser, command: readonly string[]): [string, string[]] => [
  'setpriv',
  [
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
  ],
]

/** Whether the user may read (`r`), write (`w`) or run (`x`) what stands at a path. @throws UserError without setpriv */
export const userMay = (user: ServiceUser, what: 'r' | 'w' | 'x', path: string): boolean => {
  const [command, args] = asUser(user, ['test', `-${what}`, path])
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', env: childEnvironment() })
  if (error)
    throw new UserError(
      `setpriv cannot be run (${(error as NodeJS.ErrnoException).code}).`,
      'Install util-linux: by it the daemon gives up its privileges.',
    )
  // test(1) says nothing.
  if (stderr)
    throw new UserError(
      `Privileges cannot be given up: ${stderr.trim()}.`,
      'Start klpscope daemon with all of root’s capabilities; it keeps none.',
    )
  return status === 0
}
