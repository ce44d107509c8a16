import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { requireUserProbes, userProbesOf } from '../../../daemon/cli/user-probe-options.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const script = (path: string): string => {
  mkdirSync(dir.path('other'), { recursive: true })
  writeFileSync(dir.path(path), '')
  return dir.path(path)
}

it('a script is called like its file', () =>
  expect(userProbesOf(['/a/calls.bt', '/b/x\u0007.sh'])).toEqual([
    { name: 'calls', file: '/a/calls.bt' },
    { name: 'x\\x07.sh', file: '/b/x\u0007.sh' },
  ]))

it('takes scripts that can be read', () =>
  expect(() => requireUserProbes([script('a.bt'), script('b.bt')], false, 0)).not.toThrow())

it.each<[string, () => string[], number, RegExp, boolean?]>([
  ['of one name', () => [script('a.bt'), script('other/a.bt')], 0, /same name/],
  ['that are not there', () => [dir.path('none.bt')], 0, /cannot be read \(ENOENT\)/],
  ['that are folders', () => [dir.path('')], 0, /is no file/],
  ['when we are not root', () => [script('a.bt')], 1_000, /bpftrace needs root/],
  ['in passive mode', () => [script('a.bt')], 0, /--passive promises/, true],
])('refuses scripts %s, in a sentence', (_, files, uid, sentence, passive = false) => {
  expect(() => requireUserProbes(files(), passive, uid)).toThrow(UserError)
  expect(() => requireUserProbes(files(), passive, uid)).toThrow(sentence)
})
