import { createHash } from 'node:crypto'
import { createWriteStream, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { eventSchema } from '../../../daemon/contract/event.ts'
import { transitionReportSchema } from '../../../daemon/contract/report.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import { type BundleSource, bootIdOfThisHost } from '../../../daemon/report/bundle-source.ts'
import { exportNdjson } from '../../../daemon/report/export-ndjson.ts'
import { writeBundle } from '../../../daemon/report/write-bundle.ts'
import { createPast } from '../../../daemon/store/past.ts'
import {
  attached,
  aWorld,
  sleeperBlocked,
  started,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'
import { namedOtherwise } from '../support/named-otherwise.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingNames, recordingsOf, stepsOf } from '../support/recordings.ts'
import { reportOf } from '../support/report-of.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
let made = 0
const capability = {
  name: 'BTF',
  available: false,
  detail: 'gone',
  remedy: 'build it in',
  loss: 'all probes',
}

const unpack = async (file: string): Promise<Map<string, string>> => {
  const files = new Map<string, string>()
  const reading = extract()
  Readable.from([readFileSync(file)])
    .pipe(createGunzip())
    .pipe(reading)
  for await (const entry of reading) {
    const pieces: Uint8Array[] = []
    for await (const piece of entry) pieces.push(piece as Uint8Array)
    files.set(entry.header.name.replace(/^klpscope-[\w.-]+\//, ''), Buffer.concat(pieces).toString('utf8'))
  }
  return files
}
const bundleOf = async (steps: readonly Step[], redact = false): Promise<Map<string, string>> => {
  const database = recordSteps(steps, dir.path(`klpscope-${made++}.db`))
  const source: BundleSource = {
    report: async () => reportOf(database),
    async *events(range) {
      for (const { bytes } of exportNdjson(database, range)) yield bytes
    },
    stateAt: async (time) => {
      const past = createPast(database)
      return past.viewAfter(past.seqAt(parseTime(time))!)
    },
  }
  const file = dir.path('bundle.tar.gz')
  await writeBundle(source, createWriteStream(file), {
    redact,
    madeAt: '2026-11-20T20:00:00Z',
    capabilities: async () => [capability],
  })
  database.close()
  return unpack(file)
}

const withTransitions = recordingNames.filter((name) =>
  stepsOf(name).some(({ event }) => event.kind === 'transition-started'),
)

const names = ['README.txt', 'report.md', 'report.html', 'report.json', 'state.json', 'events.ndjson']

describe('a bundle from another host', () => {
  it('is in a folder of its own, whatever the id of the transition looks like', async () => {
    const steps = namedOtherwise(stepsOf(recordingsOf('replace')[0]!), '../../x y')
    expect([...(await bundleOf(steps)).keys()]).toEqual(names)
  })

  it('holds the report, the events of that time and the state, and says what it lacks and why', async () => {
    const steps = stepsOf(recordingsOf('replace')[0]!)
    const files = await bundleOf(steps)
    expect([...files.keys()]).toEqual(names)
    const report = transitionReportSchema.parse(JSON.parse(files.get('report.json')!))
    const events = files
      .get('events.ndjson')!
      .trimEnd()
      .split('\n')
      .map((line) => eventSchema.parse(JSON.parse(line)))
    const margin = 60_000_000_000n
    const [from, to] = [
      parseTime(report.transition.startedAt) - margin,
      parseTime(report.transition.endedAt!) + margin,
    ]
    expect(events).toEqual(
      steps.map(({ event }) => event).filter(({ time }) => parseTime(time) >= from && parseTime(time) <= to),
    )
    expect(JSON.parse(files.get('state.json')!).lastTransition.id).toBe(report.transition.id)
    const readme = files.get('README.txt')!
    expect(readme).toContain(report.summary[0])
    expect(readme).toMatch(/Not in this bundle[\s\S]*kernel-log\.txt[\s\S]*another host or in another boot/)
    for (const [name, text] of files) {
      if (name === 'README.txt') continue
      const sha256 = createHash('sha256').update(text).digest('hex')
      expect(readme).toContain(`${name}\n`)
      expect(readme).toContain(`${Buffer.byteLength(text)} bytes, sha256 ${sha256}`)
    }
  })
})

describe('a redacted bundle', () => {
  it.each(withTransitions)('of %s has no command line and no host name in any file', async (name) => {
    const steps = stepsOf(name)
    const commandLines = new Set<string>()
    const collect = (value: unknown, key = ''): void => {
      if (key === 'commandLine' && typeof value === 'string') commandLines.add(value)
      if (typeof value === 'object' && value !== null)
        for (const [own, each] of Object.entries(value)) collect(each, own)
    }
    for (const { event } of steps) collect(event)
    const secrets = ['klpscope-lab', ...[...commandLines].filter((line) => /[\s/]/.test(line.trim()))]
    const plain = [...(await bundleOf(steps)).values()].join('\n')
    expect(plain).toContain('klpscope-lab')
    const files = await bundleOf(steps, true)
    for (const [file, text] of files) {
      for (const secret of secrets) {
        expect(text.includes(secret), `${secret} in ${file}`).toBe(false)
        expect(text.includes(JSON.stringify(secret).slice(1, -1)), `${secret} in ${file}, as JSON`).toBe(
          false,
        )
      }
    }
    // Still what it was: the report of the same transition, events that can be replayed.
    transitionReportSchema.parse(JSON.parse(files.get('report.json')!))
    for (const line of files.get('events.ndjson')!.trimEnd().split('\n')) eventSchema.parse(JSON.parse(line))
    expect(files.get('README.txt')).toContain('Redacted:')
  })

  it('that had command lines to remove says where', async () => {
    const files = await bundleOf(stepsOf(recordingsOf('stall-sleeping')[0]!), true)
    expect(files.get('report.json')).toContain('[command line removed]')
    expect(JSON.parse(files.get('state.json')!).host.hostname).toMatch(/^host-\d$/)
  })
})

describe('a bundle made where the record was made, in the same boot', () => {
  const here = (): Step[] => {
    const world = aWorld()
    const steps: Step[] = []
    const at = (...args: Parameters<typeof world.at>) => {
      const known = world.effects.length
      const event = world.at(...args)
      steps.push({ event, state: world.state(), effects: world.effects.slice(known) })
    }
    at(1, { ...started(bootIdOfThisHost() ?? ''), hostname: hostname() })
    at(2, attached)
    at(3, transitionStarted())
    at(4, sleeperBlocked)
    at(5, tasksObserved([], 0))
    at(6, { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' })
    return steps
  }

  it('holds what the host tells of itself, or why it does not', async () => {
    const files = await bundleOf(here())
    const readme = files.get('README.txt')!
    expect(files.get('host/proc/version')).toBe(readFileSync('/proc/version', 'utf8'))
    expect(files.get('host/proc/cmdline')).toBe(readFileSync('/proc/cmdline', 'utf8'))
    expect(files.get('host/modules.tsv')).toMatch(/^name\tversion\tsrcversion/)
    expect(files.get('host/doctor.txt')).toMatch(
      /no {2}BTF: gone\n {5}lost: all probes\n {5}do: {3}build it in/,
    )
    for (const name of ['kernel-log.txt', 'host/kernel-config', 'host/sys/kernel/livepatch'])
      expect(readme.includes(`\n${name}`), name).toBe(true)
  })

  it('redacted has neither the host’s name nor its kernel’s command line', async () => {
    const files = await bundleOf(here(), true)
    expect(files.has('host/proc/cmdline')).toBe(false)
    expect(files.get('README.txt')).toMatch(/host\/proc\/cmdline[^\n]*\n\s+command lines are removed/)
    // As a word of its own: a short name may be a part of others.
    const alone = new RegExp(`(?<![\\w.-])${hostname().replace(/\./g, '\\.')}(?![\\w-])`)
    for (const [name, text] of files) expect(alone.test(text), name).toBe(false)
  })
})
