import { type Browser, chromium, type Page } from 'playwright-core'

/** Debian's Chromium, kept from asking the outside for anything. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** Waits until the text of an element matches; fails with what it said last. */
export const expectText = async (
  page: Page,
  testId: string,
  pattern: RegExp,
  timeoutMs = 20_000,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs
  let text = ''
  while (Date.now() < deadline) {
    text = (await page.getByTestId(testId).allInnerTexts()).join('\n')
    if (pattern.test(text)) return
    await page.waitForTimeout(100)
  }
  throw new Error(`${testId} does not show ${pattern} within ${timeoutMs / 1000} s; it shows: ${text}`)
}
