import { Command } from 'commander'
import { buildModules } from '../../test/lab/kernel-modules.ts'
import { labKernel, labKernelNames } from '../../test/lab/kernels.ts'
import { parseFile } from './source-options.ts'

export const labModulesCommand = (): Command =>
  new Command('modules')
    .description('build kernel modules for a lab kernel')
    .argument('<dir>', 'folder with the sources and a Kbuild or Makefile that has obj-m')
    .requiredOption('--kernel <version>', `which one: ${labKernelNames.join(', ')}`)
    .option('--out <dir>', 'where the .ko files go (default: the folder itself)', parseFile)
    .action(async (dir: string, flags: { kernel: string; out?: string }) => {
      const progress = (message: string) => process.stderr.write(`lab: ${message}\n`)
      await buildModules({ kernel: labKernel(flags.kernel), sourceDir: dir, outDir: flags.out, progress })
    })
