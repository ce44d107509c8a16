import { createInterface } from 'node:readline'
import { execa } from 'execa'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectText, openBrowser } from './support/browser.ts'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

it('npm start without livepatch ends with a URL, and the page shows the stall of the story', async () => {
  const run = execa('npm', ['start', '--silent'], { reject: false, buffer: false })
  const said: string[] = []
  createInterface({ input: run.stderr }).on('line', (line) => said.push(line))
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: run.stdout }).on('line', resolve)
    run.then((result) => reject(new Error(`it ended (${result.exitCode}): ${said.join('\n')}`)))
  })
  try {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:8686/)
    expect(said.join('\n')).toMatch(/no livepatching.*lab instead/)
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
    await page.goto(url)
    await expectText(page, 'headline', /stalled.*klpt-sleeper/, 90_000)
    await expectText(page, 'headline-level', /critical/i)
    await expectText(page, 'blocked-reason', /sleeping-on-function/)
    await expectText(page, 'blocked-function', /klpt_sleep_in_function/)
    await expectText(page, 'blocked-stack', /klpt_wait_for_release/)
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow, 'the page is wider than a phone').toBeLessThanOrEqual(0)
  } finally {
    run.kill('SIGTERM')
  }
  expect((await run).exitCode).toBe(0)
  await expect(fetch(url), 'the virtual machine ends with npm').rejects.toThrow()
})
