import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adviseOnTransition } from '../../../daemon/core/advice.ts'
import { writeEnabled, writeForce } from '../../../daemon/words/livepatch-commands.ts'
import { shellQuote, shellQuoteFile } from '../../../daemon/words/shell-quote.ts'
import { aWorld, firstTry, transitionStarted } from '../support/fold.ts'

/** What a real shell makes of the words. */
const readByShell = (words: readonly string[]): string[] =>
  execFileSync('bash', ['--norc', '-c', `printf '%s\\0' ${words.join(' ')}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

const hostile = [
  'v1; touch /tmp/x',
  '$(reboot)',
  '`reboot`',
  "it's",
  'a"b',
  'a b\tc',
  'a\nreboot',
  '\u001b]0;x\u0007',
  '\u202egnp',
  '*',
  '~',
  '!!',
  '\\x41',
  '#',
  '',
  "'\u0000".replace('\u0000', '\u0001'),
]

describe('a name in a shell command', () => {
  it.each(hostile)('%j is one word with just these characters', (name) => {
    expect(readByShell([shellQuote(name)])).toEqual([name])
    expect(shellQuote(name)).not.toMatch(/\p{Cc}|\p{Cf}/u)
  })

  it('any other is too', () => {
    const name = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''))
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 30 }), (names) => {
        expect(readByShell(names.map(shellQuote))).toEqual(names)
      }),
      { numRuns: 50 },
    )
  })

  it.each(['klpt_patch_v1', 'nginx.service', '/var/lib/klpscope/klpscope.db', 'user@1000.service'])(
    '%s stays as it is',
    (name) => expect(shellQuote(name)).toBe(name),
  )

  it('a file that begins with a dash is not taken for an option', () => {
    expect(shellQuoteFile('-rf')).toBe('./-rf')
  })

  it('commands on a patch write to its own files, whatever it is called', () => {
    expect(writeEnabled('v1', false)).toBe('echo 0 > /sys/kernel/livepatch/v1/enabled')
    expect(writeForce('v1;reboot')).toBe("echo 1 > '/sys/kernel/livepatch/v1;reboot/force'")
    const world = aWorld()
    world.at(1, { ...transitionStarted(), patch: 'v1 $(reboot)' })
    world.at(2, { ...firstTry(1), patch: 'v1 $(reboot)' })
    const { transition } = world.state()
    expect(adviseOnTransition(world.state(), transition!)).toContain('echo 0')
    expect(adviseOnTransition(world.state(), transition!)).not.toMatch(/(?<!'\S*) \$\(reboot\)(?!\/\w+')/)
  })
})

it('no sentence puts a name into a shell command as it is', () => {
  const root = join(import.meta.dirname, '../../..')
  const command =
    /\b(?:echo \d|ls|cat|sqlite3|systemctl|rmmod|insmod|modprobe|kill|bpftool|gunzip|klpscope (?:ack|report|bundle|compare|history|export|replay)|mv|rm|sysctl)(?: [^`\n$]*)?\$\{(?!shellQuote)/
  const files = ['daemon', 'web'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes('node_modules'),
      )
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => command.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  )
  expect(found).toEqual([])
})
