import { LAB_EXIT, LabError } from './lab-error.ts'

/** A kernel the lab can boot: Debian's own, with the userland (bpftrace, compiler) of the same suite. */
export interface LabKernel {
  readonly name: string
  readonly suite: string
}

export const LAB_KERNELS: readonly LabKernel[] = [
  { name: '5.10', suite: 'bullseye' },
  { name: '6.1', suite: 'bookworm' },
  { name: '6.12', suite: 'trixie' },
  { name: '7.2', suite: 'sid' },
]

export const labKernelNames = LAB_KERNELS.map((kernel) => kernel.name)

export const labKernel = (name: string): LabKernel => {
  const found = LAB_KERNELS.find((kernel) => kernel.name === name)
  if (found) return found
  throw new LabError(
    LAB_EXIT.setupFailed,
    `The lab has no kernel "${name}".`,
    `Choose one of ${labKernelNames.join(', ')}.`,
  )
}
