import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { buildOnce, cachePath, hashOf, type Progress } from './cache.ts'
import { labFile } from './checkout.ts'
import type { LabKernel } from './kernels.ts'
import { LAB_EXIT, LabError } from './lab-error.ts'
import { asRoot, ownerOfFiles } from './privilege.ts'
import { ensureSuite, type Suite } from './suite.ts'

/** Builds the modules of `sourceDir` with the suite's own compiler and copies the .ko files to `outDir`. */
export const compile = async (suite: Suite, sourceDir: string, outDir: string): Promise<void> => {
  const script = labFile('setup', 'build-modules.sh')
  const args = ['--mount', 'bash', script, suite.root, suite.release, sourceDir, outDir, ownerOfFiles()]
  const result = await execa(...asRoot('unshare', args), { reject: false, all: true, stdin: 'ignore' })
  if (!result.failed) return
  throw new LabError(
    LAB_EXIT.setupFailed,
    `The kernel modules in ${sourceDir} do not build for ${suite.release}:\n${result.all}\n`,
    'Correct what the compiler complains about; the folder needs a Kbuild or Makefile with obj-m.',
  )
}

export interface BuildModulesOptions {
  readonly kernel: LabKernel
  readonly sourceDir: string
  /** Default: beside the sources. */
  readonly outDir?: string
  readonly progress: Progress
}

/** Builds a folder of kernel modules for a lab kernel. */
export const buildModules = async (options: BuildModulesOptions): Promise<void> => {
  const sourceDir = resolve(options.sourceDir)
  const outDir = resolve(options.outDir ?? sourceDir)
  await mkdir(outDir, { recursive: true })
  await compile(await ensureSuite(options.kernel, options.progress), sourceDir, outDir)
}

/** The folder with the lab's own modules for this kernel, built when their sources have changed. */
export const ensureLabModules = async (
  kernel: LabKernel,
  suite: Suite,
  progress: Progress,
): Promise<string> => {
  const sourceDir = labFile('modules')
  const names = (await readdir(sourceDir)).filter((name) => /^Kbuild$|\.[ch]$/.test(name)).sort()
  const contents = await Promise.all(names.map((name) => readFile(join(sourceDir, name))))
  const recipe = hashOf(suite.release, ...names, ...contents)
  const dir = cachePath('modules', kernel.name, recipe)
  await buildOnce({
    dir,
    label: `the lab's kernel modules for ${kernel.name}`,
    progress,
    build: async (building) => {
      progress(`Building the lab's kernel modules for ${suite.release}`)
      await compile(suite, sourceDir, building)
      return {}
    },
  })
  return dir
}
