import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { LAB_EXIT, LabError } from './lab-error.ts'
import { QEMU, type QemuOptions, qemuArguments } from './qemu.ts'
import { installCommand, labPackages, missingPackages } from './system-packages.ts'

/** A running QEMU, with the line-by-line conversation over the VM's second serial port. */
export interface VirtualMachine {
  /** Settles with what QEMU itself complained about when it has ended, however it ended. */
  readonly ended: Promise<{ stderr: string }>
  say(line: string): void
  kill(): void
}

/** Listens where QEMU will connect its second serial port. */
const listenForStatus = async (file: string, onLine: (line: string) => void) => {
  let peer: Socket | undefined
  const server = createServer((socket) => {
    peer = socket
    socket.on('error', () => undefined)
    // A QEMU that is killed resets the connection; that it ended is known from its process.
    const lines = createInterface({ input: socket }).on('error', () => undefined)
    lines.on('line', (line) => onLine(line.trim()))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(file, resolve))
  return { say: (line: string) => peer?.write(`${line}\n`), close: () => server.close() }
}

/** Starts QEMU so that it dies with this process, even one that is killed outright. */
export const startVirtualMachine = async (
  options: Omit<QemuOptions, 'statusSocket'>,
  onStatus: (line: string) => void,
): Promise<VirtualMachine> => {
  const dir = await mkdtemp(join(tmpdir(), 'klpscope-vm-'))
  const statusSocket = join(dir, 'status')
  const status = await listenForStatus(statusSocket, onStatus)
  const qemu = execa(
    'setpriv',
    ['--pdeathsig', 'KILL', QEMU, ...qemuArguments({ ...options, statusSocket })],
    {
      stdin: 'ignore',
      stdout: 'ignore',
      reject: false,
      forceKillAfterDelay: false,
      // Ctrl-C reaches the whole process group; whether the VM ends is for us to decide.
      detached: true,
      cleanup: true,
    },
  )
  const ended = qemu.then(async ({ stderr }) => {
    status.close()
    await rm(dir, { recursive: true, force: true })
    return { stderr: String(stderr) }
  })
  return { ended, say: status.say, kill: () => void qemu.kill('SIGKILL') }
}

/** Fails early, with the remedy, when QEMU is not installed. */
export const requireQemu = async (): Promise<void> => {
  const missing = await missingPackages(labPackages.filter(({ program }) => program === QEMU))
  if (missing.length === 0) return
  throw new LabError(
    LAB_EXIT.qemuMissing,
    `QEMU (${QEMU}) is missing on this machine.`,
    `Run: ${installCommand(missing)}`,
  )
}

export const readIfThere = async (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
