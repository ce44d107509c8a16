import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { buildOnce, cachePath, hashOf, type Progress } from './cache.ts'
import { labFile } from './checkout.ts'
import { compile } from './kernel-modules.ts'
import { labKernel } from './kernels.ts'
import { LAB_EXIT, LabError } from './lab-error.ts'
import { asRoot, ownerOfFiles } from './privilege.ts'
import { ensureSuite, proxyVariables, type Suite } from './suite.ts'

const fetchScripts = async (suite: Suite, dir: string): Promise<void> => {
  const script = labFile('setup', 'fetch-selftests.sh')
  const args = ['--mount', 'bash', script, suite.root, suite.release, dir, ownerOfFiles()]
  const result = await execa(...asRoot('env', [...(await proxyVariables()), 'unshare', ...args]), {
    reject: false,
    all: true,
    stdin: 'ignore',
  })
  if (!result.failed) return
  throw new LabError(
    LAB_EXIT.setupFailed,
    `The livepatch selftests of ${suite.release} cannot be had:\n${result.all}\n`,
    `If the mirror has moved on to a newer kernel, delete ${suite.root}/.. so that the lab takes that one, then try again.`,
  )
}

/** A folder with the livepatch selftests of a lab kernel: `scripts`, and below it the `test_modules` that they load. */
export const ensureSelftests = async (kernelName: string, progress: Progress): Promise<string> => {
  const kernel = labKernel(kernelName)
  const suite = await ensureSuite(kernel, progress)
  const setup = ['fetch-selftests.sh', 'build-modules.sh'].map((name) => readFile(labFile('setup', name)))
  const dir = cachePath('selftests', `${suite.release}-${hashOf(...(await Promise.all(setup)))}`)
  await buildOnce({
    dir,
    label: `the livepatch selftests of ${suite.release}`,
    progress,
    build: async (building) => {
      progress(`Taking the livepatch selftests out of the source of Linux ${suite.release} (once)`)
      await fetchScripts(suite, building)
      const sources = join(building, 'sources')
      // Where those of Linux 6.9 and later look for them.
      const modules = join(building, 'scripts', 'test_modules')
      await mkdir(modules)
      await compile(suite, sources, modules)
      await rm(sources, { recursive: true })
      return {}
    },
  })
  return dir
}
