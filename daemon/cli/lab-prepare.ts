import { Command } from 'commander'
import { chooseAcceleration } from '../../test/lab/acceleration.ts'
import { ensureInitramfs } from '../../test/lab/initramfs.ts'
import { ensureLabModules } from '../../test/lab/kernel-modules.ts'
import { labKernel, labKernelNames } from '../../test/lab/kernels.ts'
import { ensureSelftests } from '../../test/lab/selftests.ts'
import { ensureSuite } from '../../test/lab/suite.ts'
import {
  installSystemPackages,
  labPackages,
  otherMachinesPackages,
  type SystemPackage,
} from '../../test/lab/system-packages.ts'
import { ensureTracer } from './ensure-tracer.ts'

/** What the tests take besides the lab itself. */
const testPackages: readonly SystemPackage[] = [
  { name: 'chromium', program: 'chromium' },
  // The selftests' sysctl.
  { name: 'procps', program: 'sysctl' },
  ...otherMachinesPackages,
]

const say = (text: string) => void process.stderr.write(`lab: ${text}\n`)

/** Everything that is downloaded or built once, so that later commands only boot. */
export const labPrepareCommand = (): Command =>
  new Command('prepare')
    .description('download and build all that the lab needs, so that later commands only boot')
    .option('--kernel <version...>', `which ones (default: ${labKernelNames.join(', ')})`)
    .option(
      '--tests',
      "also what the tests need: a browser, what building for other machines takes, the kernels' own selftests",
    )
    .action(async (flags: { kernel?: string[]; tests?: boolean }) => {
      const kernels = (flags.kernel ?? labKernelNames).map(labKernel)
      await installSystemPackages([...labPackages, ...(flags.tests ? testPackages : [])], say)
      await ensureTracer(say)
      for (const kernel of kernels) {
        const suite = await ensureSuite(kernel, say)
        const initramfs = await ensureInitramfs(suite, say)
        await ensureLabModules(kernel, suite, say)
        if (flags.tests) await ensureSelftests(kernel.name, say)
        await chooseAcceleration(suite, initramfs, say)
      }
    })
