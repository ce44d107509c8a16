import { type Command, CommanderError } from 'commander'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type DaemonFlags, daemonOptions, launchOf, requireTracer } from '../../../daemon/cli/daemon.ts'
import { createProgram } from '../../../daemon/cli/program.ts'

/** The real command line with the real commands, up to what they would do. @returns the flags as a command gets them */
const parse = async (...args: string[]): Promise<Record<string, unknown>> => {
  const program = await createProgram()
  let flags: Record<string, unknown> | undefined
  for (const { command } of commandsOf(program)) {
    command.action(() => {
      flags = command.opts()
    })
  }
  await program.parseAsync(args, { from: 'user' })
  if (!flags) throw new Error(`no command was run by ${args.join(' ')}`)
  return flags
}

const commandsOf = (parent: Command, path = ''): { name: string; command: Command }[] =>
  parent.commands.flatMap((command) => {
    const name = `${path}${command.name()}`
    return command.commands.length > 0 ? commandsOf(command, `${name} `) : [{ name, command }]
  })

/** What a command cannot be run without. */
const required: Record<string, string[]> = {
  export: ['--format', 'csv'],
  bundle: ['-o', 'out.tar.gz'],
  replay: ['record.db'],
  'lab run': ['--kernel', '6.1'],
  'lab modules': ['.', '--kernel', '6.1'],
}

const noNumbers = ['', ' ', 'NaN', 'Infinity', '1e400', '-1', '0x10', 'x', '1s', '1,5']
type Case = { takes: [text: string, value: unknown][]; refuses: string[] }
const number = (least: number, most: number, below: string, above: string): Case => ({
  takes: [String(least), String(most), '1e2', '99.5'].map((text) => [text, Number(text)]),
  refuses: [...noNumbers, '0', below, above, 'none'],
})
const bound = (least: number, most: number, below: string, above: string): Case => {
  const { takes, refuses } = number(least, most, below, above)
  return {
    takes: [...takes, ['none', Number.POSITIVE_INFINITY]],
    refuses: refuses.filter((text) => text !== 'none').concat('None', 'null', 'never'),
  }
}
const count = (most: number): Case => ({
  takes: ['1', '7', String(most)].map((text) => [text, Number(text)]),
  refuses: [...noNumbers, '0', '1.5', String(most + 1), 'none'],
})
const file: Case = { takes: [['a b/c', 'a b/c']], refuses: [''] }
const format = (...formats: string[]): Case => ({
  takes: formats.map((text) => [text, text]),
  refuses: ['', 'pdf', formats[0]!.toUpperCase()],
})
const url: Case = {
  takes: [
    ['http://127.0.0.1:1', 'http://127.0.0.1:1'],
    ['https://host/', 'https://host'],
  ],
  refuses: ['', ' ', 'host', '127.0.0.1:8686', 'ftp://host'],
}
const time: Case = {
  takes: [
    ['2026-11-20T17:52:00Z', 1_795_197_120_000_000_000n],
    ['1970-01-01T00:00:00.000000001Z', 1n],
  ],
  refuses: ['', ' ', 'yesterday', '9999-12-31T00:00:00Z', '1e400', 'NaN'],
}
const listening: Case = {
  takes: [
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ],
  refuses: ['', ' ', 'x', '8686', 'h:65536', 'h:-1', 'h:0x10'],
}
const allowed: Case = {
  takes: [['klpscope.example', [expect.objectContaining({ name: 'klpscope.example' })]]],
  refuses: ['', ' ', 'a b', 'h:99999'],
}
/** Checked when the command runs: what it takes depends on the lab. */
const kernel: Case = { takes: [['6.12', '6.12']], refuses: [] }
const onOff: Case = { takes: [], refuses: [] }

const cases: Record<string, Case> = {
  '--db': file,
  '--record': file,
  '--tracer': file,
  '--user': { takes: [['klpscope', 'klpscope']], refuses: ['', ' ', '-x', 'a b', 'a:b'] },
  '--probe': { takes: [['a b/c.bt', ['a b/c.bt']]], refuses: [''] },
  '--output': file,
  '--script': file,
  '--out': file,
  '--listen': listening,
  '--allow-host': allowed,
  '--url': url,
  '--from': time,
  '--to': time,
  '--keep-days': bound(0.01, 36_500, '0.009', '36501'),
  '--keep-mb': bound(10, 1_000_000_000, '9.9', '1000000001'),
  '--stalled-after': number(0.1, 86_400, '0.09', '86401'),
  '--shadow-check': number(1, 86_400, '0.9', '86401'),
  '--call-budget': number(1, 1_000_000_000, '0.9', '1000000001'),
  '--limit': count(10_000),
  '--port': count(65_535),
  '--timeout': count(604_800),
  '--speed': {
    takes: [
      ['0.5', 0.5],
      ['60', 60],
      ['max', Number.POSITIVE_INFINITY],
      ['0', Number.POSITIVE_INFINITY],
    ],
    refuses: [...noNumbers, '1000001', 'none'],
  },
  '--mem': {
    takes: [
      ['3G', '3G'],
      ['2048M', '2048M'],
    ],
    refuses: ['', ' ', '0', '0G', '3', '1e400', '-1G', '0x10', '511M'],
  },
  'report --format': format('md', 'html', 'json'),
  'export --format': format('ndjson', 'csv', 'perfetto'),
  'lab run --kernel': kernel,
  'lab modules --kernel': kernel,
  'lab prepare --kernel': { takes: [['6.12', ['6.12']]], refuses: [] },
  'start --kernel': kernel,
}

const options = commandsOf(await createProgram()).flatMap(({ name, command }) =>
  command.options.map((option) => ({
    name,
    flag: option.long ?? '',
    key: option.attributeName(),
    takesValue: option.required || option.optional,
    isOf: `${name} ${option.long}`,
  })),
)

beforeEach(() => {
  vi.stubEnv('KLPSCOPE_URL', undefined)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})

describe.each(options)('$isOf', ({ name, flag, key, takesValue, isOf }) => {
  const used = takesValue ? (cases[isOf] ?? cases[flag]) : onOff
  // A flag that is required is given once only.
  const others = (required[name] ?? []).flatMap((word, index, words) => {
    const given = (word: string | undefined) => word === flag || (flag === '--output' && word === '-o')
    return given(word) || given(words[index - 1]) ? [] : [word]
  })
  const run = (...values: string[]) => parse(...name.split(' '), ...others, flag, ...values)

  it('has a case here', () => expect(used, 'add what it takes and what it refuses').toBeDefined())

  it.runIf(!takesValue)('is on or off', async () => {
    const without = (await parse(...name.split(' '), ...(required[name] ?? [])))[key]
    expect((await run())[key]).toBe(!flag.startsWith('--no-'))
    expect(without ?? false).toBe(flag.startsWith('--no-'))
  })

  it.each(used?.takes ?? [])('takes %j', async (text, value) => {
    expect((await run(text))[key]).toEqual(value)
  })

  it.each((used?.refuses ?? []).map((text) => [text]))('refuses %j, in a sentence', async (text) => {
    // A value that begins with - has to be joined to its flag.
    const error = await parse(...name.split(' '), ...others, `${flag}=${text}`).catch(
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(CommanderError)
    expect((error as Error).message).toMatch(/argument '.*' is invalid\. \S/s)
  })
})

describe('the daemon by its flags', () => {
  const flags = async (...args: string[]) => (await parse('daemon', ...args)) as DaemonFlags
  const daemon = async (...args: string[]) => daemonOptions(await flags(...args), '/run/tracer')

  it('keeps what it says in help when there are none', async () => {
    expect(await daemon()).toMatchObject({
      db: '/var/lib/klpscope/klpscope.db',
      keep: { days: 30, mb: 2_000 },
      stalledAfterMs: 10_000,
      tracerSocket: '/run/tracer',
    })
    expect(launchOf(await flags())).toMatchObject({
      user: undefined,
      tracerSocket: undefined,
      tracer: { args: ['--shadow-check', '60', '--call-budget', '100000'] },
      database: { option: '--db', file: '/var/lib/klpscope/klpscope.db' },
      files: [
        { option: '--record', file: undefined },
        { option: '--log', file: undefined },
      ],
    })
  })

  it('needs a tracer, unless root starts one', async () => {
    vi.stubEnv('KLPSCOPE_TRACER', undefined)
    expect(requireTracer(await flags('--tracer', '/run/t'))).toBe('/run/t')
    const none = await flags()
    expect(() => requireTracer(none)).toThrow('needs root, or a tracer that root starts')
    vi.stubEnv('KLPSCOPE_TRACER', '/run/of-root')
    expect(requireTracer(none)).toBe('/run/of-root')
  })

  it('keeps everything by none', async () => {
    expect((await daemon('--keep-mb', 'none', '--keep-days', 'none')).keep).toEqual({ days: null, mb: null })
  })
})
