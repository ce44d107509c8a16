import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageDir } from '../../daemon/package-paths.ts'
import { expectText, openBrowser } from './support/browser.ts'
import { replayProgram } from './support/replay-program.ts'

/** No virtual machine: a real recording, the built program and a real browser. */
const recording = join(packageDir, 'test/recordings/stall-sleeping-6.1.recording.gz')

let browser: Browser
let replay: Awaited<ReturnType<typeof replayProgram>>
let url = ''
beforeAll(async () => {
  browser = await openBrowser()
  replay = await replayProgram(recording, 18687)
  url = replay.url
})
afterAll(async () => {
  await browser.close()
  expect(await replay.stop()).toBe(0)
})

const open = async (address = url): Promise<Page> => {
  const page = await browser.newPage()
  await page.goto(address)
  return page
}
const shown = async () => (await (await fetch(`${url}api/v1/state`)).json()) as { time: string }

describe('replay of a stall', () => {
  it('opens at the end of what was observed, says that it is a replay, and tells nobody to start a daemon', async () => {
    const page = await open()
    await expectText(page, 'which-moment', /Replay, not live.*stall-sleeping/s)
    await expectText(page, 'last-transition', /klpt_patch_v1[\s\S]*unpatching/)
    expect((await shown()).time).toContain('2026-')
    const headline = await page.getByTestId('headline').textContent()
    expect(headline).not.toMatch(/stopped/)
    expect(await page.textContent('body')).not.toContain('klpscope daemon')
    expect(await page.title()).toContain('(replay)')
  })

  it('opens the stream at once, however long the record takes to answer', async () => {
    const page = await browser.newPage()
    let answered = false
    await page.route('**/api/v1/record', async (route) => {
      await page.waitForTimeout(3_000)
      answered = true
      await route.continue()
    })
    const socket = page.waitForEvent('websocket')
    await page.goto(url, { waitUntil: 'commit' })
    await socket
    expect(answered).toBe(false)
    await expectText(page, 'which-moment', /Replay, not live/)
  })

  it('steps with keys to the stall, which is shown as it was', async () => {
    const page = await open()
    await expectText(page, 'which-moment', /Replay/)
    for (const key of ['[', '[', '[']) {
      await page.keyboard.press(key)
      await page.waitForTimeout(300)
    }
    await expectText(page, 'headline', /no livepatch is enabled|klpt_patch_v1/)
    for (let count = 0; count < 3; count++) {
      await page.keyboard.press('ArrowLeft')
      await page.waitForTimeout(300)
    }
    await expectText(page, 'blocked-list', /klpt-sleeper/)
    await expectText(page, 'blocked-stack', /klpt_wait_for_release/)
    await expectText(page, 'headline', /klpt_patch_v1: patching/)
  })

  it('is sent as a link: the same moment on another page', async () => {
    const page = await open()
    await expectText(page, 'which-moment', /Replay/)
    await page.keyboard.press('[')
    await page.waitForURL(/#at=.*&seq=\d+/)
    await page.waitForTimeout(800)
    const clock = await page.getByTestId('moment-clock').textContent()
    const other = await open(page.url())
    await expectText(other, 'moment-clock', new RegExp(clock ?? 'no clock'))
    expect(await other.getByTestId('headline').textContent()).toBe(
      await page.getByTestId('headline').textContent(),
    )
  })

  it('is dragged along the bar, and played on from there', async () => {
    const page = await open()
    const track = page.getByTestId('time-track')
    await track.waitFor()
    const box = (await track.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.9, box.y + 10)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.2, box.y + 10, { steps: 8 })
    await page.mouse.up()
    const clock = async () => await page.getByTestId('moment-clock').textContent()
    const before = await clock()
    await expectText(page, 'headline', /No transition is running/)
    await page.getByLabel('Speed').selectOption('20')
    await page.getByTestId('play').click()
    await expectText(page, 'headline', /klpt_patch_v1: patching/, 30_000)
    await page.getByTestId('play').click()
    expect((await clock()) ?? '').toMatch(/:/)
    expect(await clock()).not.toBe(before)
    await page.getByTestId('to-end').click()
    await expectText(page, 'headline', /tracer is stopped/)
  })

  it('a moment that is not in the record is said to be missing', async () => {
    const page = await open(`${url}#at=1999-01-01T00:00:00Z`)
    await page
      .getByText(/The record begins at/)
      .first()
      .waitFor()
  })
})

describe('a sample recording', () => {
  it('opens from the list, plays by itself, and is closed again', async () => {
    const page = await open()
    await page
      .getByTestId('samples')
      .getByRole('link', { name: /holds a transition up/ })
      .click()
    await expectText(page, 'which-moment', /Replay, not live.*stall-6.1/s, 60_000)
    await page.getByLabel('Speed').selectOption('5')
    await expectText(page, 'headline', /klpt_patch_v1: patching/, 30_000)
    await page.getByRole('link', { name: 'Close the sample' }).click()
    await expectText(page, 'which-moment', /stall-sleeping-6.1.recording.gz/)
  })

  it('that there is not is said to be missing, with those there are', async () => {
    const answer = await fetch(`${url}api/v1/samples/..%2Fpackage/state`)
    expect(answer.status).toBe(404)
    expect(((await answer.json()) as { remedy: string }).remedy).toContain('stall-6.1')
    const page = await open(`${url}?record=nothing`)
    await page
      .getByText(/There is no sample recording nothing/)
      .first()
      .waitFor()
  })
})
