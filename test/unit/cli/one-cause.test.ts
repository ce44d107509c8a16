import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byCause } from '../../../daemon/cli/doctor.ts'
import { packageDir } from '../../../daemon/package-paths.ts'
import { buildCommandLine } from '../support/command-line.ts'
import { recordingsOf } from '../support/recordings.ts'

describe('klpscope status', () => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-one-cause-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  let klpscope: Awaited<ReturnType<typeof buildCommandLine>>
  beforeAll(async () => {
    klpscope = await buildCommandLine(dir)
  }, 60_000)

  it.each(recordingsOf('no-tracer'))(
    'of %s tells the cause once, with what to do and what is lost',
    async (name) => {
      const file = join(packageDir, 'test/recordings', `${name}.recording.gz`)
      const { stdout } = await klpscope('status', '--db', file)
      const lines = stdout.split('\n')
      expect(lines.filter((line) => line.startsWith('warning: '))).toEqual([
        expect.stringMatching(
          /^warning: Only sysfs, \/proc and the kernel log are seen: the tracer ended \(exit code 1\)/,
        ),
      ])
      expect(lines.filter((line) => line.startsWith('  not seen: '))).toHaveLength(1)
      expect(stdout.match(/shadow variables: /g)).toHaveLength(1)
    },
    60_000,
  )
})

it('klpscope doctor tells once what is missing for one reason', () => {
  const capability = (name: string, available: boolean, detail: string) => ({
    name,
    available,
    detail,
    remedy: available ? null : 'what to do',
    loss: `all of ${name}`,
  })
  const groups = byCause([
    capability('a', false, 'no BTF'),
    capability('b', true, 'no BTF'),
    capability('c', false, 'no BTF'),
    capability('d', false, 'another'),
    capability('e', true, 'no BTF'),
  ])
  expect(groups.map((group) => group.map(({ name }) => name))).toEqual([['a', 'c'], ['b'], ['d'], ['e']])
})
