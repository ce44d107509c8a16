import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderReport } from '../../daemon/report/render-report.ts'
import { longNames, longNamesSteps } from '../unit/support/long-names-story.ts'
import { recordSteps } from '../unit/support/record-steps.ts'
import { reportOf } from '../unit/support/report-of.ts'
import { expectText, openBrowser } from './support/browser.ts'
import { replayProgram } from './support/replay-program.ts'

/** No virtual machine: a record with names as long as real ones, the built program and a real browser. */
const dir = mkdtempSync(join(tmpdir(), 'klpscope-long-names-'))
const widths = [320, 390, 768, 1280]
const screenshots = process.env.KLPSCOPE_SCREENSHOTS

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  rmSync(dir, { recursive: true })
})

/** What reaches out of the page or of the card it is in, a line each; what is hidden from view or cut on purpose does not. */
const overflowing = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const faults = scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide of ${clientWidth}`] : []
    for (const card of document.querySelectorAll('.section, .headline, .top, .time-bar, section, header')) {
      const box = card.getBoundingClientRect()
      const name = `${card.tagName} ${card.className} ${card.id}`
      if (card.scrollWidth > card.clientWidth)
        faults.push(`${name}: ${card.scrollWidth} of ${card.clientWidth}`)
      for (const part of card.querySelectorAll('*')) {
        if (part.closest('.track, .visually-hidden, thead, svg, canvas, .u-over, .u-under')) continue
        const { right, left, width } = part.getBoundingClientRect()
        if (width > 0 && (right > box.right + 1 || left < box.left - 1))
          faults.push(
            `${name}: ${part.tagName} ${part.className} to ${Math.round(right)} of ${Math.round(box.right)}`,
          )
      }
    }
    return faults
  })

describe.each([
  { moment: 'while it stalls', ends: false, port: 18690 },
  { moment: 'when it is over', ends: true, port: 18691 },
])('a transition whose every name is long, $moment', ({ moment, ends, port }) => {
  const name = ends ? 'ended' : 'stalled'

  it('the dashboard keeps every name in its card, and never scrolls sideways', async () => {
    const file = join(dir, `${name}.db`)
    recordSteps(longNamesSteps(ends), file).close()
    const replay = await replayProgram(file, port)
    try {
      for (const width of widths) {
        const page = await browser.newPage({ viewport: { width, height: 900 } })
        await page.goto(replay.url)
        await expectText(page, 'patches', new RegExp(longNames.patch))
        await expectText(page, 'functions-table', new RegExp(longNames.function))
        if (!ends) await expectText(page, 'blocked-list', new RegExp(longNames.function))
        const closed = page.locator('[aria-expanded="false"]')
        while ((await closed.count()) > 0) await closed.first().click()
        await page.waitForTimeout(300)
        if (screenshots)
          await page.screenshot({ path: join(screenshots, `${name}-${width}.png`), fullPage: true })
        expect(await overflowing(page), `${moment}, ${width} pixels`).toEqual([])
        await page.close()
      }
    } finally {
      expect(await replay.stop()).toBe(0)
    }
  })

  it('so does the report', async () => {
    const database = recordSteps(longNamesSteps(ends), join(dir, `${name}-report.db`))
    const file = join(dir, `${name}.html`)
    writeFileSync(file, renderReport(reportOf(database), 'html'))
    database.close()
    for (const width of widths) {
      const page = await browser.newPage({ viewport: { width, height: 900 } })
      await page.goto(pathToFileURL(file).href)
      expect(await page.textContent('body')).toContain(longNames.function)
      const closed = page.locator('details:not([open]) > summary')
      while ((await closed.count()) > 0) await closed.first().click()
      if (screenshots)
        await page.screenshot({ path: join(screenshots, `report-${name}-${width}.png`), fullPage: true })
      expect(await overflowing(page), `${moment}, ${width} pixels`).toEqual([])
      await page.close()
    }
  })
})
