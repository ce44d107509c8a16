import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSession, prepareOutDir, shellVariables } from '../../lab/session-files.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'klpscope-test-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

it('hands any path to a shell unharmed', () => {
  const path = `/it's "a" $HOME\\ path; \`true\``
  const script = `${shellVariables({ P: path, N: 3 })}printf '%s|%s' "$P" "$N"`
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${path}|3`)
})

describe('a session', () => {
  const scriptOf = (sessionDir: string) =>
    /LAB_SCRIPT='(.*)'/.exec(readFileSync(join(sessionDir, 'session.env'), 'utf8'))?.[1]

  it('names a script by its own path, which the VM has too', async () => {
    const script = join(dir, 'a.sh')
    writeFileSync(script, 'true')
    const session = await createSession({ A: 1 }, script)
    expect(scriptOf(session.dir)).toBe(script)
    await session.remove()
    expect(existsSync(session.dir)).toBe(false)
  })

  it('names a script of the checkout as every VM has it', async () => {
    const session = await createSession({}, join(import.meta.dirname, '..', '..', 'lab/scenarios/signals.sh'))
    expect(scriptOf(session.dir)).toBe('/lab/checkout/test/lab/scenarios/signals.sh')
    await session.remove()
  })

  it('copies a script that is no file on disk', async () => {
    const pipe = join(dir, 'pipe')
    execFileSync('mkfifo', [pipe])
    const writing = import('node:fs/promises').then((fs) => fs.writeFile(pipe, 'echo piped'))
    const session = await createSession({}, pipe)
    await writing
    expect(scriptOf(session.dir)).toBe('/lab/session/script.sh')
    expect(readFileSync(join(session.dir, 'script.sh'), 'utf8')).toBe('echo piped')
    await session.remove()
  })

  it('refuses a script that is not there', async () => {
    await expect(createSession({}, join(dir, 'nothing.sh'))).rejects.toThrow(
      /There is no script .*nothing\.sh/,
    )
  })
})

it('clears results of an earlier session, and nothing else', async () => {
  for (const name of ['klpscope.db', 'script.log', 'input.txt']) writeFileSync(join(dir, name), 'old')
  expect(await prepareOutDir(dir)).toBe(dir)
  expect(['klpscope.db', 'script.log', 'input.txt'].filter((name) => existsSync(join(dir, name)))).toEqual([
    'input.txt',
  ])
})
