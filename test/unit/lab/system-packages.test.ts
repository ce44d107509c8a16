import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { installSystemPackages, MissingPackagesError, missingPackages } from '../../lab/system-packages.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'klpscope-test-'))
  vi.stubEnv('PATH', `${dir}:${process.env.PATH}`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true })
})

const program = (name: string, text: string) => {
  writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`)
  chmodSync(join(dir, name), 0o755)
}
const packages = [
  { name: 'there', program: 'klpt-there' },
  { name: 'absent', program: 'klpt-absent' },
]

it('finds a package by its program', async () => {
  program('klpt-there', 'true')
  expect(await missingPackages(packages)).toEqual(['absent'])
})

it('installs nothing when nothing is missing', async () => {
  program('klpt-there', 'true')
  program('apt-get', 'exit 1')
  await installSystemPackages(packages.slice(0, 1), () => undefined)
})

// As root, because sudo does not take our PATH.
it.runIf(process.getuid?.() === 0)(
  'installs what is missing, and says what to run when that fails',
  async () => {
    program('klpt-there', 'true')
    program(
      'apt-get',
      `echo "$@" >>${dir}/calls; [ "$2" = update ] || { echo 'E: no such package' >&2; exit 100; }`,
    )
    const failure = await installSystemPackages(packages, () => undefined).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(MissingPackagesError)
    expect(failure).toMatchObject({
      packages: ['absent'],
      command: 'sudo apt-get update && sudo apt-get install -y --no-install-recommends absent',
      message: expect.stringContaining('E: no such package'),
    })
  },
)
