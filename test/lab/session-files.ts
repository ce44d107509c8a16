import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathInGuest } from './checkout.ts'
import { LAB_EXIT, LabError } from './lab-error.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Variables for a shell to source. */
export const shellVariables = (variables: Record<string, string | number>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(String(value))}\n`)
    .join('')

/**
 * The script's path as the VM sees it. A regular file stands there already; anything else (a
 * pipe, as from `<(…)`) is copied into the session's folder, which the VM has under /lab/session.
 */
const scriptInGuest = async (script: string, sessionDir: string): Promise<string> => {
  const path = resolve(script)
  const found = await stat(path).catch(() => undefined)
  if (!found || found.isDirectory()) {
    throw new LabError(
      LAB_EXIT.setupFailed,
      `There is no script ${path}.`,
      'Give --script the path of a bash script.',
    )
  }
  const elsewhere = /^\/(dev|proc|run|sys)\//.test(path)
  if (found.isFile() && !elsewhere) return pathInGuest(path)
  await writeFile(join(sessionDir, 'script.sh'), await readFile(path))
  return '/lab/session/script.sh'
}

export interface Session {
  readonly dir: string
  remove(): Promise<void>
}

/** A folder only this session uses, which the VM sees as /lab/session. */
export const createSession = async (
  variables: Record<string, string | number>,
  script: string | undefined,
): Promise<Session> => {
  const dir = await mkdtemp(join(tmpdir(), 'klpscope-session-'))
  const remove = () => rm(dir, { recursive: true, force: true })
  try {
    const guestScript = script ? await scriptInGuest(script, dir) : ''
    await writeFile(join(dir, 'session.env'), shellVariables({ ...variables, LAB_SCRIPT: guestScript }))
  } catch (error) {
    await remove()
    throw error
  }
  return { dir, remove }
}

/** What a session leaves in its out folder. */
export const RESULT_FILES = [
  'serial.log',
  'script.log',
  'dmesg.txt',
  'daemon.log',
  'klpscope.db',
  'klpscope.db-wal',
]

/** The out folder, without results of an earlier session that could be mistaken for this one's. */
export const prepareOutDir = async (outDir: string | undefined): Promise<string> => {
  if (outDir === undefined) return mkdtemp(join(tmpdir(), 'klpscope-lab-'))
  const dir = resolve(outDir)
  await mkdir(dir, { recursive: true })
  for (const name of RESULT_FILES) await rm(join(dir, name), { force: true })
  return dir
}
