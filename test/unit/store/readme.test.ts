import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Step } from '../../../daemon/engine.ts'
import { recordSteps } from '../support/record-steps.ts'
import { readRecording, recordingsOf, runRecords, runsOf } from '../support/recordings.ts'

const readme = readFileSync(join(import.meta.dirname, '../../../daemon/store/README.md'), 'utf8')
const questions = [...readme.matchAll(/^(.+):\n\n```sql\n([^`]+)```/gm)].map(
  ([, question = '', sql = '']) => [question, sql] as const,
)

const dir = mkdtempSync(join(tmpdir(), 'klpscope-readme-'))
const file = join(dir, 'klpscope.db')
let database: Database.Database
beforeAll(() => {
  const steps: Step[] = []
  for (const scenario of ['stall-sleeping', 'replace', 'shadow', 'restart']) {
    for (const run of runsOf(readRecording(recordingsOf(scenario)[0]!)))
      steps.push(...runRecords(run, steps.at(-1)?.state))
  }
  recordSteps(steps, file).close()
  database = new Database(file, { readonly: true })
})
afterAll(() => {
  database.close()
  rmSync(dir, { recursive: true })
})

it('there are questions in the README', () => expect(questions.length).toBeGreaterThan(10))

describe.each(questions)('%s', (_question, sql) => {
  it('has an answer', () => {
    const rows = database.prepare(sql).all() as Record<string, unknown>[]
    expect(rows.length).toBeGreaterThan(0)
    for (const column of Object.keys(rows[0]!))
      expect(
        rows.some((row) => row[column] !== null) || mayBeUnknown.has(column),
        `all ${column} are null`,
      ).toBe(true)
  })

  it.skipIf(spawnSync('sqlite3', ['--version']).status !== 0)('also in plain sqlite3', () => {
    const { status, stderr, stdout } = spawnSync('sqlite3', ['-readonly', file, sql], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.trim()).not.toBe('')
  })
})

/** What these runs had no case of. */
const mayBeUnknown = new Set(['owner', 'gone'])
