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
   * measured in it do not depend on how busy the host is. Emulation only, one CPU.
   */
  readonly clock?: 'host' | 'instructions'
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

/** 2 ns an instruction: about what emulation reaches, so that the two clocks do not differ much. */
const INSTRUCTION_CLOCK = ['-icount', 'shift=1']

const accelerationArguments = ({ acceleration, clock = 'host' }: QemuOptions): string[] =>
  acceleration === 'kvm' && clock === 'host'
    ? ['-accel', 'kvm', '-cpu', 'host']
    : [
        // Multi-threaded emulation races with the kernel patching its own code: `Oops: int3` sooner or later.
        ...['-accel', 'tcg,thread=single', '-cpu', 'max'],
        ...(clock === 'instructions' ? INSTRUCTION_CLOCK : []),
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
  ...['-smp', options.clock === 'instructions' ? '1' : '2', '-m', options.memory],
  ...['-nodefaults', '-display', 'none', '-no-reboot', '-rtc', 'base=utc'],
  ...['-kernel', options.vmlinuz, '-initrd', options.initramfs],
  ...['-append', [KERNEL_PARAMETERS, options.extraKernelParameters].filter(Boolean).join(' ')],
  ...['-chardev', `file,id=console,path=${value(options.serialLog)}`, '-serial', 'chardev:console'],
  ...['-chardev', `socket,id=status,path=${value(options.statusSocket)}`, '-serial', 'chardev:status'],
  ...(options.share ? shareArguments(options.share) : []),
]
