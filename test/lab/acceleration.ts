import { access, constants, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cachePath, type Progress } from './cache.ts'
import type { Suite } from './suite.ts'
import { startVirtualMachine } from './virtual-machine.ts'

export type Acceleration = 'kvm' | 'tcg'

const PROBE_DEADLINE_MS = 10_000

/** Whether this kernel really boots under KVM: a /dev/kvm that exists may still hang the guest. */
const probeKvm = async (suite: Suite, initramfs: string): Promise<Acceleration> => {
  const dir = await mkdtemp(join(tmpdir(), 'klpscope-kvm-'))
  let booted = false
  const vm = await startVirtualMachine(
    {
      acceleration: 'kvm',
      vmlinuz: suite.vmlinuz,
      initramfs,
      memory: '512M',
      serialLog: join(dir, 'serial.log'),
      extraKernelParameters: 'klpscope.probe',
    },
    (line) => {
      if (line === 'booted') booted = true
    },
  )
  const deadline = setTimeout(vm.kill, PROBE_DEADLINE_MS)
  await vm.ended
  clearTimeout(deadline)
  await rm(dir, { recursive: true, force: true })
  return booted ? 'kvm' : 'tcg'
}

const kvmDeviceUsable = async (): Promise<boolean> =>
  access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )

/** KVM where a probe boot has proved it, otherwise emulation. Probed once per boot of the host and kernel. */
export const chooseAcceleration = async (
  suite: Suite,
  initramfs: string,
  progress: Progress,
): Promise<Acceleration> => {
  if (!(await kvmDeviceUsable())) return 'tcg'
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const verdictFile = cachePath('kvm', `${bootId}-${suite.release}`)
  const known = await readFile(verdictFile, 'utf8').catch(() => '')
  if (known === 'kvm' || known === 'tcg') return known
  progress('Probing whether KVM works here (once, at most 10 s)')
  const verdict = await probeKvm(suite, initramfs)
  await mkdir(cachePath('kvm'), { recursive: true })
  await writeFile(verdictFile, verdict)
  progress(verdict === 'kvm' ? 'KVM works' : 'KVM does not boot this kernel here; emulating')
  return verdict
}
