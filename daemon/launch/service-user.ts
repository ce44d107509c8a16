import { execFileSync } from 'node:child_process'
import { childEnvironment } from '../sources/child-environment.ts'
import { UserError } from '../user-error.ts'

/** Whom the daemon runs as. */
export type ServiceUser = { name: string; uid: number; gid: number }

/** The first of them that there is. */
const usual = ['klpscope', 'nobody']

/** @throws UserError when there is no such user, or it is root */
export const findServiceUser = (name?: string): ServiceUser => {
  for (const each of name === undefined ? usual : [name]) {
    const user = lookUp(each)
    if (user?.uid === 0)
      throw new UserError(
        `The daemon does not run as ${each}: that is root.`,
        'Name another user with --user; what needs root is done by klpscope-tracer.',
      )
    if (user) return user
  }
  throw new UserError(
    `There is no user ${name ?? usual.join(' or ')}, as which the daemon would run.`,
    'Make one (useradd --system klpscope), or name another with --user.',
  )
}

/** By id(1), which asks whatever knows users here. */
const lookUp = (name: string): ServiceUser | null => {
  const ask = (what: '-u' | '-g'): number =>
    Number(
      execFileSync('id', [what, '--', name], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: childEnvironment(),
      }),
    )
  try {
    return { name, uid: ask('-u'), gid: ask('-g') }
  } catch {
    return null
  }
}
