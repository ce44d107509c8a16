import { join } from 'node:path'
import { execa } from 'execa'
import { installSystemPackages, tracerBuildPackages } from '../../test/lab/system-packages.ts'
import { packageDir } from '../package-paths.ts'
import { childEnvironment } from '../sources/child-environment.ts'
import { UserError } from '../user-error.ts'

/**
 * Builds the tracer unless it is there and up to date, with what that takes.
 * @throws UserError when it cannot be built; what is wrong has been said
 */
export const ensureTracer = async (say: (text: string) => void): Promise<void> => {
  await installSystemPackages(tracerBuildPackages, say)
  const bootstrap = join(packageDir, 'daemon', 'bootstrap.mjs')
  const { failed } = await execa(process.execPath, [bootstrap, 'tracer'], {
    reject: false,
    stdio: ['ignore', 'inherit', 'inherit'],
    extendEnv: false,
    env: childEnvironment(),
  })
  if (failed) throw new UserError('The tracer could not be built.', 'Mend what is said above, and try again.')
}
