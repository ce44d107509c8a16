import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import { expectText, openBrowser } from './support/browser.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

// One kernel: nothing here depends on which.
describe.each(kernels.slice(0, 1))('a record in trouble on Linux %s', (kernel) => {
  let lab: LabSession
  let browser: Browser
  let page: Page
  const ask = async (path: string) => {
    const response = await fetch(`${lab.url}${path}`)
    return { status: response.status, body: await response.json() }
  }
  const state = async () => (await ask('/api/v1/state')).body as State
  const patient = { timeout: 60_000, interval: 250 }

  beforeAll(async () => {
    browser = await openBrowser()
    lab = await openLab(kernel, 'record-faults.sh')
  })
  afterAll(async () => {
    await browser?.close()
    await lab?.stop()
  })

  it('is all well at first', async () => {
    await lab.at('started')
    page = await browser.newPage()
    await page.goto(lab.url)
    await expectText(page, 'connection', /connected/i)
    expect((await state()).record.status).toBe('recording')
    expect((await ask('/healthz')).status).toBe(200)
    lab.go('started')
  })

  it('the disk is full: the page, /healthz and the API say so, and what happens is still shown', async () => {
    await lab.at('full')
    await expect.poll(async () => (await ask('/healthz')).status, patient).toBe(503)
    const { problems } = (await ask('/healthz')).body
    expect(problems).toMatchObject([
      { problem: expect.stringMatching(/not being written.*disk.*is full/), remedy: expect.any(String) },
    ])
    await expectText(page, 'record-health', /not being written.*full/)
    expect((await state()).findings.map(({ rule }) => rule)).toContain('record-failing')
    await page
      .getByText(/record is not being written: the disk/)
      .first()
      .waitFor()
    const { record } = (await ask('/api/v1/health')).body
    expect(record.waitingEvents).toBeGreaterThan(0)
    const before = (await state()).seq
    await expect.poll(async () => (await state()).seq, patient).toBeGreaterThan(before)
    lab.go('full')
  })

  it('there is room again: it goes on, and nothing was lost', async () => {
    await lab.at('room')
    await expect.poll(async () => (await ask('/healthz')).status, patient).toBe(200)
    expect((await state()).record).toMatchObject({ status: 'recording', lost: 0 })
    const { events } = (await ask('/api/v1/events?limit=10000')).body as { events: { seq: number }[] }
    const seqs = events.map(({ seq }) => seq).reverse()
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    lab.go('room')
  })

  it('the file is overwritten: it is set aside, a new one is begun, and the page says so', async () => {
    await lab.at('overwritten')
    await expect.poll(async () => (await state()).record.setAside, patient).toMatch(/\.damaged-/)
    await expectText(page, 'record-health', /damaged and a new one was begun/)
    expect((await ask('/healthz')).status, 'it is being recorded').toBe(200)
    lab.go('overwritten')
  })

  it('the wall clock is set: events of then on have the new time', async () => {
    await lab.at('clock-set')
    await expect
      .poll(
        async () => (await ask('/api/v1/events?kind=clock-mapped&limit=1')).body.events[0]?.cause,
        patient,
      )
      .toBe('set')
    const ahead = Date.parse((await state()).time) - Date.now()
    expect(Math.abs(ahead / 60_000 - 60)).toBeLessThan(5)
    lab.go('clock-set')
  })

  it('is whole at the end, and folds to what was live', async () => {
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    expect(lab.read('files')).toMatch(/damaged-/)
    const { events } = readRecord(lab.outDir)
    expect(events.map(({ kind }) => kind)).toContain('record-renewed')
    expect(events.at(-1)?.kind).toBe('tracer-stopped')
    const database = new Database(join(lab.outDir, 'klpscope.db'), { readonly: true })
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
    const clocks = database.prepare('SELECT cause FROM clock_mappings ORDER BY seq').pluck().all()
    expect(clocks).toContain('set')
    database.close()
  })
})
