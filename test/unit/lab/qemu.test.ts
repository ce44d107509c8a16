import { describe, expect, it } from 'vitest'
import { type QemuOptions, qemuArguments } from '../../lab/qemu.ts'

const options: QemuOptions = {
  acceleration: 'tcg',
  vmlinuz: '/k',
  initramfs: '/i',
  memory: '3G',
  serialLog: '/out, dir/serial.log',
  statusSocket: '/s',
}

describe('the command line of QEMU', () => {
  it('emulates on one thread, because several race with a kernel that patches itself', () => {
    expect(qemuArguments(options)).toContain('tcg,thread=single')
    expect(qemuArguments({ ...options, acceleration: 'kvm' })).not.toContain('tcg,thread=single')
  })

  it('doubles commas in paths', () => {
    expect(qemuArguments(options)).toContain('file,id=console,path=/out,, dir/serial.log')
  })

  it('shares the host read-only, and publishes the dashboard on this machine only', () => {
    const args = qemuArguments({ ...options, share: { outDir: '/o', sessionDir: '/x', port: 1234 } }).join(
      ' ',
    )
    expect(args).toMatch(/path=\/,mount_tag=host,[^ ]*readonly=on/)
    expect(args).toContain('hostfwd=tcp:127.0.0.1:1234-:8686')
    expect(qemuArguments(options).join(' ')).not.toContain('virtfs')
  })
})
