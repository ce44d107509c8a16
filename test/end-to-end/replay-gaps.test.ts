import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import type { Timeline } from '../../daemon/contract/timeline.ts'
import { packageDir } from '../../daemon/package-paths.ts'
import { expectText, openBrowser } from './support/browser.ts'
import { replayProgram } from './support/replay-program.ts'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

/** A recording replayed by the built program, at its end or at a moment. */
const useReplay = (name: string, port: number) => {
  let replay: Awaited<ReturnType<typeof replayProgram>>
  beforeAll(async () => {
    replay = await replayProgram(join(packageDir, `test/recordings/${name}.recording.gz`), port)
  })
  afterAll(() => replay.stop())
  return {
    open: async (at?: string): Promise<Page> => {
      const page = await browser.newPage()
      await page.goto(at === undefined ? replay.url : `${replay.url}#at=${at}`)
      await expectText(page, 'which-moment', /Replay/)
      return page
    },
    get: async <T>(path: string) => (await (await fetch(`${replay.url}api/v1/${path}`)).json()) as T,
  }
}

describe('gaps', () => {
  const { open, get } = useReplay('restart-6.1', 18688)

  it('are the same in the state and on the timeline, and say what was still seen', async () => {
    const { tracer } = await get<State>('state')
    const { gaps } = await get<Timeline>('timeline')
    expect(gaps).toEqual([...tracer.gaps].reverse())
    expect(new Set(gaps.map(({ seen }) => seen))).toEqual(new Set(['nothing', 'polling']))
  })

  it('look different in the bar, the legends name both looks, and the list says it in words', async () => {
    const page = await open()
    const bar = page.getByTestId('time-bar')
    await bar.getByText('nothing seen', { exact: true }).waitFor()
    const looks = ['nothing', 'polling'].map((seen) => bar.locator(`.track-gap[data-seen="${seen}"]`).first())
    const [nothing, polling] = await Promise.all(
      looks.map((look) => look.evaluate((element) => getComputedStyle(element).backgroundImage)),
    )
    expect(nothing!.match(/gradient/g)).toHaveLength(2)
    expect(polling!.match(/gradient/g)).toHaveLength(1)
    const legends = await page.getByTestId('gap-legend').allInnerTexts()
    expect(legends).toHaveLength(2)
    for (const legend of legends) expect(legend).toMatch(/nothing seen\s+only sysfs and \/proc/)
    await expectText(page, 'tracer-health', /nothing was seen: the daemon was not running/)
    await expectText(page, 'tracer-health', /only sysfs, \/proc and the kernel log were seen/)
  })

  it('in which nothing was seen are said at that moment', async () => {
    const { gaps } = await get<Timeline>('timeline')
    const { from, to } = gaps.find(({ seen }) => seen === 'nothing')!
    const page = await open(new Date((Date.parse(from) + Date.parse(to)) / 2).toISOString())
    await expectText(page, 'time-bar', /Nothing was seen at that moment: the daemon was not running/)
  })
})

describe('without the tracer', () => {
  const { open } = useReplay('no-tracer-6.1', 18689)

  it('the page has one item for it, with the remedy, and folded what is lost', async () => {
    const page = await open()
    await expectText(page, 'headline', /the tracer ended/)
    expect(await page.locator('[data-rule="tracer-blind"]').count()).toBe(0)
    expect(await page.getByTestId('causes').locator('> li').count()).toBe(1)
    const lost = page.getByTestId('lost')
    expect(await lost.count()).toBe(1)
    expect(await lost.getAttribute('open')).toBeNull()
    await lost.locator('summary').click()
    await expectText(page, 'lost', /shadow variables/)
  })
})
