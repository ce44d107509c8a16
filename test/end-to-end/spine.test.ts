import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import { expectText, openBrowser } from './support/browser.ts'
import { loggedTransitions, wrongTimes } from './support/ground-truth.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { patchStates } from './support/patch-states.ts'
import { readRecord } from './support/record.ts'

// One kernel: it boots long and slow. What differs between kernels is proved by the other tests on all of them.
describe.each(kernels.slice(0, 1))('the spine on Linux %s', (kernel) => {
  let lab: LabSession
  let browser: Browser
  let page: Page
  const state = () => lab.get<State>('state')

  inSteps()
  beforeAll(async () => {
    browser = await openBrowser()
    lab = await openLab(kernel, 'spine.sh')
  })
  afterAll(async () => {
    await browser?.close()
    await lab?.stop()
  })

  it('shows a transition that began before the daemon, before any probe is attached', async () => {
    await lab.at('adopted')
    page = await browser.newPage()
    await page.goto(lab.url)
    await expectText(page, 'headline', /klpt_patch_v1/)
    await expectText(page, 'blocked-list', /klpt-sleeper/)
    expect((await state()).transition).toMatchObject({
      patch: 'klpt_patch_v1',
      direction: 'patching',
      startKnown: false,
    })
    lab.go('adopted')
  })

  it('names the blocking kthread, its reason, function and stack', async () => {
    await lab.at('attached')
    await expectText(page, 'headline', /stalled/)
    await expectText(page, 'blocked-reason', /sleeping-on-function/)
    await expectText(page, 'blocked-function', /klpt_sleep_in_function/)
    await expectText(page, 'blocked-stack', /klpt_wait_for_release/)
    await expectText(page, 'connection', /connected/i)
    expect((await state()).findings.map((finding) => finding.rule)).toContain('transition-stalled')
    lab.go('attached')
  })

  it('counts shadow variables older than itself', async () => {
    await expectText(page, 'shadow-table', /0x2001/)
    const { shadow } = await state()
    expect(shadow.adoption).toBe('complete')
    expect(shadow.ids.find((id) => id.id === '0x2001')?.live).toBe(2)
  })

  it('blames exactly the tasks that /proc shows not switched', async () => {
    await lab.at('stall-compared')
    const before = patchStates(lab.read('stall.before'))
    const after = patchStates(lab.read('stall.after'))
    const { tasks } = JSON.parse(lab.read('stall.json')) as { tasks: { tid: number; idle: boolean }[] }
    const blocked = new Set(tasks.filter((task) => !task.idle).map((task) => task.tid))
    const unswitched = (listing: Map<number, number>) =>
      [...listing].filter(([, at]) => at !== 1).map(([tid]) => tid)
    for (const tid of unswitched(before).filter((tid) => unswitched(after).includes(tid)))
      expect(blocked).toContain(tid)
    for (const tid of blocked) expect([...unswitched(before), ...unswitched(after)]).toContain(tid)
    lab.go('stall-compared')
  })

  it('shows the release', async () => {
    await lab.at('completed')
    await expectText(page, 'last-transition', /klpt_patch_v1[\s\S]*completed/)
    await expectText(page, 'remaining-count', /no transition/)
    lab.go('completed')
  })

  it('knows every thread in a quiet moment', async () => {
    await lab.at('quiet-compared')
    const before = patchStates(lab.read('quiet.before'))
    const after = patchStates(lab.read('quiet.after'))
    const { tasks } = JSON.parse(lab.read('quiet.json')) as {
      tasks: { tid: number; idle: boolean; patchState: number }[]
    }
    const table = new Map(tasks.filter((task) => !task.idle).map((task) => [task.tid, task.patchState]))
    for (const [tid, patchState] of before) {
      if (after.has(tid)) expect(table.get(tid), `tid ${tid}`).toBe(patchState)
    }
    for (const tid of table.keys())
      expect(before.has(tid) || after.has(tid), `tid ${tid} is in no listing`).toBe(true)
    expect(tasks.filter((task) => task.idle)).toHaveLength(2)
    lab.go('quiet-compared')
  })

  it('shows an atomic replace, and the replaced patch go', async () => {
    await lab.at('replacing')
    await expectText(page, 'headline', /klpt_patch_v2/)
    await expectText(page, 'blocked-list', /klpt-sleeper/)
    expect((await state()).transition).toMatchObject({
      patch: 'klpt_patch_v2',
      replace: true,
      startKnown: true,
    })
    lab.go('replacing')
    await lab.at('replaced')
    await expectText(page, 'last-transition', /klpt_patch_v2[\s\S]*completed/)
    await page.waitForFunction(
      () => !document.querySelector('[data-testid=patches]')?.textContent?.includes('klpt_patch_v1'),
    )
  })

  it('counts shadow variables as the module that makes them does', async () => {
    const counted = lab
      .read('shadow-counts')
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    await expect
      .poll(async () => (await state()).shadow.ids.map(({ id, live }) => [id, live]), { timeout: 20_000 })
      .toEqual(
        expect.arrayContaining(
          counted.map(([id = '', live]) => [`0x${BigInt(id).toString(16)}`, Number(live)]),
        ),
      )
    lab.go('replaced')
  })

  it('goes on after it was killed in the middle, says so, and leaves nothing behind', async () => {
    await lab.at('restarted')
    await expectText(page, 'connection', /connected/i)
    await expectText(page, 'headline', /klpt_patch_v1.*patching/)
    await expectText(page, 'blocked-function', /klpt_/)
    const { tracer } = await state()
    expect(tracer.gaps).toContainEqual(
      expect.objectContaining({ source: 'daemon', seen: 'nothing', reason: 'the daemon was not running' }),
    )
    expect(lab.read('pins').trim()).toBe('')
    lab.go('restarted')
    await lab.at('released')
    await expectText(page, 'last-transition', /klpt_patch_v1[\s\S]*completed/)
    lab.go('released')
  })

  it('recorded what the kernel logged: patch, direction, order, start and end', async () => {
    const result = await lab.outcome
    expect(result, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    expect(lab.read('pins-after-stop').trim()).toBe('')

    const { events, transitions: recorded } = readRecord(lab.outDir)
    const logged = loggedTransitions(lab.read('dmesg.txt'))
    expect(logged).toHaveLength(4)
    expect(recorded.map(({ patch, direction, outcome }) => ({ patch, direction, outcome }))).toEqual(
      logged.map(({ patch, direction }) => ({ patch, direction, outcome: 'completed' })),
    )
    expect(recorded.flatMap((transition, index) => wrongTimes(transition, logged[index]!, 0.05))).toEqual([])
    expect(events.filter((event) => event.kind === 'decode-failed')).toEqual([])
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1))
  })
})
