import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { childEnvironment } from './child-environment.ts'

const bpffs = '/sys/fs/bpf'
const prefix = 'klpscope-tasks-'

export type TaskIterator = { read: () => Promise<string>; unpin: () => Promise<void> }

/**
 * Pins the task iterator (bpf/task-iterator.bt) and hands out its file. bpftrace exits once it is pinned.
 * @throws Error saying why, when bpffs is not there, or bpftrace fails.
 */
export const pinTaskIterator = async (
  bpftrace: string,
  bpfDir: string,
  runDir: string,
): Promise<TaskIterator> => {
  await removeStalePins()
  const pin = join(bpffs, `${prefix}${process.pid}`)
  const source = await readFile(join(bpfDir, 'task-iterator.bt'), 'utf8')
  const scriptFile = join(runDir, 'task-iterator.bt')
  await mkdir(runDir, { recursive: true })
  await writeFile(scriptFile, source.replaceAll('KLPSCOPE_PIN', pin))
  const result = await execa('setpriv', ['--pdeathsig', 'KILL', bpftrace, scriptFile], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: childEnvironment(),
    timeout: 300_000,
  })
  if (result.failed) {
    throw new Error(
      `the task iterator could not be pinned: ${result.stderr.trim().split('\n')[0] || result.shortMessage}`,
    )
  }
  return {
    read: () => readFile(pin, 'utf8'),
    unpin: () => unlink(pin).catch(() => undefined),
  }
}

/** A daemon that was killed leaves its pin behind; one that is alive keeps its own. */
const removeStalePins = async (): Promise<void> => {
  const names = await readdir(bpffs).catch(() => [])
  for (const name of names.filter((entry) => entry.startsWith(prefix))) {
    const pid = Number(name.slice(prefix.length))
    if (!isAlive(pid)) await unlink(join(bpffs, name)).catch(() => undefined)
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return pid !== process.pid
  } catch {
    return false
  }
}
