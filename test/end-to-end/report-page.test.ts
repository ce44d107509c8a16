import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderReport } from '../../daemon/report/render-report.ts'
import { hostile, hostileSteps } from '../unit/support/hostile-story.ts'
import { recordSteps } from '../unit/support/record-steps.ts'
import { recordingsOf, stepsOf } from '../unit/support/recordings.ts'
import { reportOf } from '../unit/support/report-of.ts'
import { openBrowser } from './support/browser.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-report-page-'))
let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  rmSync(dir, { recursive: true })
})

/** The page as someone opens it who was sent only this file. */
const pageOf = (name: string, steps: Parameters<typeof recordSteps>[0], id?: string): string => {
  const database = recordSteps(steps, join(dir, `${name}.db`))
  const file = join(dir, `${name}.html`)
  writeFileSync(file, renderReport(reportOf(database, id), 'html'))
  database.close()
  return pathToFileURL(file).href
}

const steps = stepsOf(recordingsOf('stall-sleeping')[0]!)
const stall = steps.find(({ event }) => event.kind === 'transition-started')!.event.transition!

const screens = [
  { name: 'a phone, light', width: 360, height: 740, colorScheme: 'light' },
  { name: 'a phone, dark', width: 360, height: 740, colorScheme: 'dark' },
  { name: 'a desk, light', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'a desk, dark', width: 1280, height: 900, colorScheme: 'dark' },
] as const

const open = async (
  url: string,
  screen: (typeof screens)[number],
): Promise<{ page: Page; asked: string[] }> => {
  const { width, height, colorScheme } = screen
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(url)
  return { page, asked }
}

/** Contrast of two CSS colours, as WCAG 2 reckons it. */
const contrast = async (page: Page, selector: string): Promise<number> =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const luminance = (color: string): number => {
        const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((text) => {
          const value = Number(text) / 255
          return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      let behind: Element | null = element
      while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)')
        behind = behind.parentElement
      const [ink, paper] = [
        getComputedStyle(element).color,
        getComputedStyle(behind ?? document.body).backgroundColor,
      ]
        .map(luminance)
        .sort((a, b) => b - a) as [number, number]
      return (ink + 0.05) / (paper + 0.05)
    })

describe.each(screens)('a person with only the HTML report, on $name', (screen) => {
  it('is told at once which task held the transition up, for how long, and why', async () => {
    const { page, asked } = await open(pageOf(`stall-${screen.name}`, steps, stall), screen)
    const lead = page.getByTestId('lead')
    const box = (await lead.boundingBox())!
    expect(box.y + box.height).toBeLessThan(screen.height)
    expect(await lead.textContent()).toMatch(
      /^klpt-sleeper \(\d+\), a kernel thread, held the patching of klpt_patch_v1 up for \d+\.\d s: it was sleeping in klpt_sleep_in_function, a function being patched, waiting in klpt_wait_for_release \[klpt_target\]\.$/,
    )
    const stack = page.getByTestId('stack').first()
    expect(await stack.isVisible()).toBe(true)
    expect(await stack.textContent()).toMatch(
      /klpt_wait_for_release[\s\S]*klpt_sleep_in_function.*← function being patched/,
    )
    expect(asked).toHaveLength(1)
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    for (const selector of ['.lead', '.muted', 'dd', 'pre', 'mark', 'figcaption', '.tag'])
      expect(await contrast(page, selector), selector).toBeGreaterThan(4.5)
    await page.close()
  })

  it('is told so by hostile names too, and nothing of them runs', async () => {
    const { page, asked } = await open(pageOf(`hostile-${screen.name}`, hostileSteps()), screen)
    let ran = false
    page.on('dialog', (dialog) => {
      ran = true
      void dialog.dismiss()
    })
    expect(await page.getByTestId('lead').textContent()).toContain(
      `${hostile.comm} (7), a user task, held the patching of ${hostile.patch} up for 18.0 s: it was sleeping in ${hostile.function}`,
    )
    expect(await page.locator('script, img, a, [onerror]').count()).toBe(0)
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0)
    expect([ran, asked.length]).toEqual([false, 1])
    await page.close()
  })
})

it('on paper every stack is there', async () => {
  const { page } = await open(pageOf('paper', steps, stall), screens[2])
  await page.emulateMedia({ media: 'print' })
  const pdf = await page.pdf()
  expect(pdf.length).toBeGreaterThan(10_000)
  for (const stack of await page.getByTestId('stack').all()) expect(await stack.isVisible()).toBe(true)
  await page.close()
})
