import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { afterAll, describe, expect, it } from 'vitest'
import { type TransitionReport, transitionReportSchema } from '../../../daemon/contract/report.ts'
import { readEvidence } from '../../../daemon/report/read-evidence.ts'
import { renderReport, reportFormats } from '../../../daemon/report/render-report.ts'
import { createQueries } from '../../../daemon/store/queries.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingNames, recordingsOf, stepsOf, stepsOfExport } from '../support/recordings.ts'
import { reportOf } from '../support/report-of.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-report-'))
const databases = new Map<string, Database.Database>()
afterAll(() => {
  for (const database of databases.values()) database.close()
  rmSync(dir, { recursive: true })
})
const recorded = (name: string, length?: number, steps = stepsOf): Database.Database => {
  const key = `${name}-${length ?? 'all'}`
  const database = databases.get(key) ?? recordSteps(steps(name).slice(0, length), join(dir, `${key}.db`))
  databases.set(key, database)
  return database
}
const allReportsOf = (database: Database.Database): TransitionReport[] =>
  createQueries(database)
    .transitions(100)
    .reverse()
    .map(({ id }) => reportOf(database, id))
const reportsOf = (name: string): TransitionReport[] => allReportsOf(recorded(name))
const reportsOfExport = (name: string): TransitionReport[] =>
  allReportsOf(recorded(name, undefined, stepsOfExport))
const firstReportOf = (scenario: string): TransitionReport => reportsOf(recordingsOf(scenario)[0]!)[0]!

const withTransitions = recordingNames.filter((name) =>
  stepsOf(name).some(({ event }) => event.kind.startsWith('transition-')),
)

describe.each(withTransitions)('reports of %s', (name) => {
  const reports = reportsOf(name)

  it('have the documented shape, and nothing more', () => {
    expect(reports.length).toBeGreaterThan(0)
    for (const report of reports) expect(transitionReportSchema.strict().parse(report)).toEqual(report)
  })

  it('tell of each transition what the record holds', () => {
    for (const report of reports) {
      const { transition, timeline } = report
      expect(transition).toEqual(createQueries(recorded(name)).transition(transition.id))
      expect(timeline.length).toBeGreaterThan(0)
      expect(timeline.map((entry) => entry.offsetMs)).toEqual(
        timeline.map((entry) => entry.offsetMs).sort((a, b) => a - b),
      )
      if (transition.outcome === 'completed') expect(report.remaining.values.at(-1)).toBe(0)
    }
  })

  it('come in every format, with nothing in them that could be taken for something else', () => {
    for (const report of reports) {
      const [md, html, json] = reportFormats.map((format) => renderReport(report, format))
      expect(JSON.parse(json!)).toEqual(JSON.parse(JSON.stringify(report)))
      for (const text of [md!, html!]) expect(text).not.toMatch(/[^\P{C}\n]/u)
      expect(html).not.toMatch(/<script|\son\w+=|src=|href=|url\(|@import/i)
      for (const sentence of report.summary.slice(1)) expect(md!.length).toBeGreaterThan(sentence.length)
    }
  })
})

describe('what was not seen', () => {
  it.each(recordingsOf('no-tracer'))('%s: one cause is one item', (name) => {
    const { blindSpots, gaps } = firstReportOf(name.replace(/-\d[\d.]*$/, ''))
    expect(blindSpots.filter((spot) => /the tracer ended/.test(spot))).toHaveLength(1)
    expect(blindSpots[0]).toMatch(/only sysfs.* Not seen: .*shadow variables/)
    expect(gaps.map(({ seen }) => seen)).toEqual(['polling'])
  })

  it('is drawn in two looks that the caption names', () => {
    const page = renderReport(firstReportOf('restart'), 'html')
    expect(page).toMatch(/Crossed: nothing seen; Hatched: only sysfs and \/proc/)
    for (const seen of ['nothing', 'polling']) expect(page).toContain(`<path class="gap" data-seen="${seen}"`)
  })
})

describe('the summary', () => {
  it('says which task held it up, for how long and why', () => {
    const [lead, became, sure] = firstReportOf('stall-sleeping').summary
    expect(lead).toMatch(
      /^klpt-sleeper \(\d+\), a kernel thread, held the patching of klpt_patch_v1 up for \d+\.\d s: it was sleeping in klpt_sleep_in_function, a function being patched, waiting in klpt_wait_for_release \[klpt_target\]\.$/,
    )
    expect(became).toMatch(
      /^The transition began at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC on klpscope-lab, requested by insmod \(\d+\), started by bash \(\d+\), and completed after \d+\.\d s\.$/,
    )
    expect(sure).toMatch(/first transition in this record.*nothing of it is known to be missing/)
  })

  it('says that no task held it up', () => {
    const [, disabling] = reportsOf(recordingsOf('stall-sleeping')[0]!)
    expect(disabling!.summary[0]).toMatch(
      /^No task held the unpatching of klpt_patch_v1 up: \d+ tasks switched at the first try, and 1 more within [\d.]+ ms\.$/,
    )
    expect(firstReportOf('leak').summary[0]).toMatch(
      /^No task held the patching of klpt_patch_v2 up; what took the time: .*; 1 task was in the way for no more than [\d.]+ ms\.$/,
    )
    expect(disabling!.summary[2]).toMatch(/shorter of 2 transitions in this record; the other took/)
  })

  it('names who was in the way before it was turned round', () => {
    const { summary, stragglers } = firstReportOf('reverse')
    expect(summary[0]).toMatch(
      /^klpt-sleeper \(\d+\), a kernel thread, held the patching of klpt_patch_v1 up/,
    )
    expect(summary[1]).toMatch(/completed after .* \(reversed once, to unpatching\)/)
    expect(stragglers[0]).toMatchObject({ comm: 'klpt-sleeper', end: 'reversed' })
  })

  it('owns up to what was not seen', () => {
    const restarted = firstReportOf('restart')
    expect(restarted.summary[2]).toMatch(
      /cannot know everything: for .* nothing was seen: the daemon was not running/,
    )
    expect(restarted.gaps).toMatchObject([
      { source: 'daemon', seen: 'nothing' },
      { source: 'tracer', seen: 'polling' },
    ])
    const killed = firstReportOf('tracer-killed')
    expect(killed.blindSpots).toMatchObject([
      expect.stringMatching(
        /only sysfs, \/proc and the kernel log were seen: the tracer was ended by signal 9/,
      ),
    ])
    expect(killed.stragglers[0]).toMatchObject({ comm: 'klpt-sleeper', end: 'switched' })
  })

  it('says of a refused patch that nothing was switched', () => {
    const { summary } = firstReportOf('cancel')
    expect(summary[0]).toMatch(
      /No task held the patching of klpt_patch_fail up: it was cancelled; the kernel refused/,
    )
    expect(summary[1]).toMatch(
      /cancelled at .* before it began, requested by insmod \(\d+\); no task was switched/,
    )
  })

  it('without probes names the task that was left, not the crowd of the first look', () => {
    expect(firstReportOf('no-tracer').summary[0]).toMatch(
      /^klpt-sleeper \(\d+\), a kernel thread, held .* for [\d.]+ s: it was sleeping in klpt_sleep_in_function/,
    )
    // Its kernel log does not say why either.
    const [report] = reportsOfExport('no-probes-6.12') as [TransitionReport]
    expect(report.summary[0]).toMatch(
      /^klpt-sleeper \(\d+\), a kernel thread, held .* for at least .*: why was not seen, waiting in klpt_wait_for_release/,
    )
    expect(report.blindSpots).toEqual([
      expect.stringMatching(/only sysfs.*Not seen: .*Who asked|only sysfs.*Not seen: .*already running/),
    ])
  })
})

describe('a replace', () => {
  const replace = reportsOf(recordingsOf('replace')[0]!).find(({ transition }) => transition.replace)!

  it('tells which callbacks ran and which were skipped', () => {
    expect(
      replace.callbacks.map(({ patch, callback, outcome }) => `${patch} ${callback} ${outcome}`),
    ).toEqual([
      'klpt_patch_v2 pre_patch called',
      'klpt_patch_v1 pre_unpatch skipped',
      'klpt_patch_v1 post_unpatch skipped',
      'klpt_patch_v2 post_patch called',
    ])
    expect(replace.patches.map(({ name, role }) => `${name} ${role}`)).toEqual([
      'klpt_patch_v2 subject',
      'klpt_patch_v1 replaced',
    ])
    expect(replace.findings.map(({ rule }) => rule)).toContain('callbacks-skipped')
  })

  it('counts shadow variables before and after', () => {
    const [first, second] = replace.shadow.ids
    expect(first).toMatchObject({ id: '0x1001', before: { live: 3 } })
    expect(first!.after!.live!).toBeGreaterThan(3)
    expect(second).toMatchObject({ id: '0x1002', before: null })
    expect(renderReport(replace, 'md')).toMatch(/\| 0x1002 \| not seen \| \d+ .*\| \+\d+ \|/)
  })
})

describe('a transition that runs', () => {
  const name = recordingsOf('stall-sleeping')[0]!
  const running = stepsOf(name).findIndex(
    ({ event }) => event.kind === 'task-tries' && event.tries.some(([, n]) => n === 4),
  )
  const report = reportOf(recorded(name, running + 1))

  it('is reported as far as it got', () => {
    expect(report.transition.outcome).toBe('running')
    expect(report.summary[0]).toMatch(
      /has been holding the patching of klpt_patch_v1 up for \d\.\d s: it is sleeping in/,
    )
    expect(report.summary[1]).toMatch(/is still running after .* with 1 of its tasks not switched/)
    expect(report.stragglers[0]).toMatchObject({ end: 'still-blocked', until: null, tries: 4 })
    expect(renderReport(report, 'html')).toContain('not yet')
  })

  it('is the default, being the newest', () =>
    expect(reportOf(recorded(name, running + 1)).transition.id).toBe(report.transition.id))
})

it('there is none without a transition', () => {
  const database = recorded(recordingsOf('shadow')[0]!)
  expect(readEvidence(database)).toBeUndefined()
  expect(readEvidence(recorded(recordingsOf('replace')[0]!), '99999')).toBeUndefined()
})

const [starvedPatching, starvedUnpatching] = reportsOfExport('starved-6.12') as [
  TransitionReport,
  TransitionReport,
]

describe('an unpatching on a starved machine, whose first try came late and whose finish took the time', () => {
  const report = starvedUnpatching

  it('was held up by nobody, and says what took the time', () => {
    expect(report.stragglers).toEqual([])
    expect(report.summary[0]).toMatch(
      /^No task held the unpatching of klpt_patch_v1 up; what took the time: waiting for the first try at most 3\.8\d* s, switching tasks about 3\.\d+ s, the kernel finishing \(ftrace, RCU, callbacks\) at least 14\.\d+ s\.$/,
    )
  })

  it('has its phases in every format', () => {
    expect(report.phases.map(({ phase, bound }) => [phase, bound])).toEqual([
      ['waiting', 'at-most'],
      ['switching', 'about'],
      ['finishing', 'at-least'],
      ['releasing', 'exact'],
    ])
    for (const format of reportFormats)
      expect(renderReport(report, format)).toMatch(/kernel finishing|"phase": ?"finishing"/)
  })
})

it('a task that held up the switching is named, and how long the kernel then took to finish as well', () => {
  expect(starvedPatching.summary[0]).toMatch(
    /^klpt-sleeper .* held the patching of klpt_patch_v1 up for 10\.\d+ s: .*; once every task had switched, the kernel took 4\.5\d* s to finish\.$/,
  )
})

it('says that the walk of klp_shadow_hash had not ended when it began', () => {
  expect(starvedPatching.blindSpots).toEqual([
    'Shadow variables older than the tracer are not all counted in.',
  ])
})

it.each(withTransitions)(
  '%s: who is in the way is so from after the first try has ended, as far as that was seen',
  (name) => {
    for (const { transition, stragglers } of reportsOf(name))
      for (const { since, until, direction } of stragglers) {
        const tried = [...(transition.earlierPhases ?? []), transition.phases!]
          .filter((phases) => phases.direction === direction)
          .map(({ firstTryEnded }) => firstTryEnded?.at ?? '9')
        expect(tried.some((at) => (until ?? since) >= at)).toBe(true)
      }
  },
)
