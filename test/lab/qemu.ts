import type { Acceleration } from './acceleration.ts'

export const QEMU = 'qemu-system-x86_64'

/** The port the daemon listens on inside the VM. */
export const GUEST_PORT = 8686

export interface QemuOptions {
  readonly acceleration: Acceleration
  readonly vmlinuz: string
  readonly initramfs: string
  readonly memory: string
  readonly serialLog: string
  /** A UNIX socket that already listens: the VM's second serial port. */
  readonly statusSocket: string
  readonly extraKernelParameters?: string
  /**
   * `instructions`: the VM's clock advances by what it executes (idle time passes as usual), so that durations
   * measured in it do not depend on how busy the host is. Emulation only, one CPU. `fast-instructions`: its CPU seems
   * twice as fast, which is still slower than real ones.
   */
  readonly clock?: 'host' | 'instructions' | 'fast-instructions'
  /** A raw image, the VM's /dev/vda. What the VM has flushed survives QEMU's death, in this machine's memory at least. */
  readonly disk?: string
  /** Nothing shared and no network, when all we ask is whether it boots. */
  readonly share?: { readonly outDir: string; readonly sessionDir: string; readonly port: number }
}

const KERNEL_PARAMETERS = [
  'console=ttyS0',
  // Every character on the console costs; dmesg.txt has it all.
  'loglevel=6',
  'printk.devkmsg=on',
  'log_buf_len=4M',
  // An Oops ends the VM, and -no-reboot then ends QEMU.
  'oops=panic',
  'panic=-1',
  // Scenarios keep a CPU busy for longer than RCU likes.
  'rcupdate.rcu_cpu_stall_suppress=1',
].join(' ')

/** QEMU reads a comma as the end of a value unless it is doubled. */
const value = (text: string): string => text.replaceAll(',', ',,')

const INSTRUCTION_CLOCKS = {
  host: [],
  /** 2 ns an instruction: about what emulation reaches, so that the two clocks do not differ much. */
  instructions: ['-icount', 'shift=1'],
  'fast-instructions': ['-icount', 'shift=0'],
}

const accelerationArguments = ({ acceleration, clock = 'host' }: QemuOptions): string[] =>
  acceleration === 'kvm' && clock === 'host'
    ? ['-accel', 'kvm', '-cpu', 'host']
    : [
        // Multi-threaded emulation races with the kernel patching its own code: `Oops: int3` sooner or later.
        ...['-accel', 'tcg,thread=single', '-cpu', 'max'],
        ...INSTRUCTION_CLOCKS[clock],
      ]

const shareArguments = ({ outDir, sessionDir, port }: NonNullable<QemuOptions['share']>): string[] => [
  ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
  ...['-virtfs', `local,path=${value(outDir)},mount_tag=out,security_model=none,multidevs=remap`],
  ...[
    '-virtfs',
    `local,path=${value(sessionDir)},mount_tag=session,security_model=none,readonly=on,multidevs=remap`,
  ],
  ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:${GUEST_PORT}`],
  // Without its boot ROM, which nobody boots from.
  ...['-device', 'virtio-net-pci,netdev=net,romfile='],
]

export const qemuArguments = (options: QemuOptions): string[] => [
  ...accelerationArguments(options),
  // On the instruction clock 6.1 waits for its second CPU for ever.
  ...['-smp', (options.clock ?? 'host') === 'host' ? '2' : '1', '-m', options.memory],
  ...['-nodefaults', '-display', 'none', '-no-reboot', '-rtc', 'base=utc'],
  ...['-kernel', options.vmlinuz, '-initrd', options.initramfs],
  ...['-append', [KERNEL_PARAMETERS, options.extraKernelParameters].filter(Boolean).join(' ')],
  ...['-chardev', `file,id=console,path=${value(options.serialLog)}`, '-serial', 'chardev:console'],
  ...['-chardev', `socket,id=status,path=${value(options.statusSocket)}`, '-serial', 'chardev:status'],
  ...(options.disk ? ['-drive', `file=${value(options.disk)},format=raw,if=virtio,cache=writeback`] : []),
  ...(options.share ? shareArguments(options.share) : []),
]
