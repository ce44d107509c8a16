import type { RecordInfo, StepDirection, StepTarget } from '../daemon/contract/timeline.ts'
import { parseTime } from '../daemon/words/format.ts'
import { type Moment, momentAt, momentHash, readMoment } from './moment.ts'
import { type RecordClient, RecordError } from './record-client.ts'
import { createStore, type Store } from './store.ts'
import { applyMessage, emptyView, type View } from './view.ts'

/** Which moment the page shows, and how it moves on. */
export type TravelState = {
  record: RecordInfo | null
  /** The past moment that is asked for; null: the present. */
  moment: Moment | null
  /** What is shown of a past moment; while the next one is on its way, still the one before. */
  view: View | null
  /** The moment `view` shows, in Unix ms. */
  viewedAt: number
  isLoading: boolean
  /** Why nothing was observed at that moment; null when it was. */
  unseen: string | null
  /** Why the moment asked for cannot be shown, or a step not taken. */
  trouble: string | null
  isPlaying: boolean
  /** Seconds of the record per second. */
  speed: number
}

export type Travel = {
  store: Store<TravelState>
  /** Learns whose record it is; then shows what the address names. @returns whether the record is live */
  start: () => Promise<boolean>
  goTo: (moment: Moment) => void
  /** The present; in a replay, the end of the record. */
  goToEnd: () => void
  step: (direction: StepDirection, to: StepTarget) => void
  play: (isPlaying: boolean) => void
  setSpeed: (speed: number) => void
  setUnseen: (reason: string | null) => void
  /** Asks again how far the record reaches. */
  refresh: () => Promise<void>
}

const playEveryMs = 250
const renameEveryMs = 500
const leadMs = 3_000

/** Moves the page through a record. The address always names the moment shown, so that it can be sent. */
export function createTravel(client: RecordClient): Travel {
  const store = createStore<TravelState>({
    record: null,
    moment: null,
    view: null,
    viewedAt: 0,
    isLoading: false,
    unseen: null,
    trouble: null,
    isPlaying: false,
    speed: 1,
  })
  const change = (to: Partial<TravelState>) => store.update((old) => ({ ...old, ...to }))
  const isLive = () => store.get().record?.live !== false
  let fetching = false
  let isRenaming = false
  let stepped = Promise.resolve()
  let stepsWaiting = 0
  let playing: { timer: ReturnType<typeof setInterval>; at: number } | null = null

  function show(moment: Moment, address: 'push' | 'replace' | 'keep') {
    change({ moment, isLoading: true })
    if (address === 'push') history.pushState(null, '', momentHash(moment))
    if (address === 'replace') renameSoon()
    void fetchNewest()
  }

  /** Browsers refuse an address that changes many times a second. */
  function renameSoon() {
    if (isRenaming) return
    isRenaming = true
    setTimeout(() => {
      isRenaming = false
      const { moment } = store.get()
      if (moment !== null) history.replaceState(null, '', momentHash(moment))
    }, renameEveryMs)
  }

  /** One question at a time; of the moments asked for meanwhile only the last one counts. */
  async function fetchNewest() {
    if (fetching) return
    fetching = true
    let shown: Moment | null = null
    for (;;) {
      const { moment } = store.get()
      if (moment === null || moment === shown) break
      shown = moment
      await fetchOne(moment)
    }
    fetching = false
    change({ isLoading: false })
  }

  async function fetchOne(moment: Moment) {
    try {
      const parsed = await client.snapshot(moment)
      if (store.get().moment === null) return
      if (parsed.kind !== 'message')
        throw new RecordError('The page is older than klpscope: reload it.', true)
      const view = applyMessage(emptyView, parsed.message, Date.now())
      change({ view, viewedAt: parseTime(moment.time) ?? 0, trouble: null })
    } catch (error) {
      pause()
      change({ trouble: error instanceof RecordError ? error.message : String(error) })
    }
  }

  function goTo(moment: Moment) {
    pause()
    show(moment, store.get().moment === null ? 'push' : 'replace')
  }

  function goToPresent(address: 'push' | 'keep') {
    pause()
    change({ moment: null, view: null, isLoading: false, trouble: null })
    if (address === 'push') history.pushState(null, '', location.pathname + location.search)
  }

  function goToEnd() {
    const last = store.get().record?.last
    if (isLive()) goToPresent('push')
    else if (last) goTo(last)
  }

  /** Steps asked for in quick succession follow one another; a key held down does not run ahead of the page. */
  function step(direction: StepDirection, to: StepTarget) {
    if (stepsWaiting >= 3) return
    stepsWaiting += 1
    stepped = stepped.then(() => takeStep(direction, to)).finally(() => (stepsWaiting -= 1))
  }

  async function takeStep(direction: StepDirection, to: StepTarget) {
    pause()
    try {
      const { seq, time } = await client.step(store.get().moment, direction, to)
      goTo({ seq, time })
    } catch (error) {
      change({ trouble: error instanceof RecordError ? error.message : String(error) })
    }
  }

  function play(isPlaying: boolean) {
    if (!isPlaying) return pause()
    const { record, moment } = store.get()
    if (playing !== null || moment === null) return
    const [at, end] = [parseTime(moment.time), parseTime(record?.last?.time ?? null)]
    // At its end a replay begins anew.
    if (!isLive() && record?.first && at !== null && end !== null && at >= end) show(record.first, 'replace')
    playing = { timer: setInterval(playOn, playEveryMs), at: performance.now() }
    change({ isPlaying: true, trouble: null })
  }

  function playOn() {
    const { moment, speed, isLoading, record } = store.get()
    const now = performance.now()
    // A slow answer slows the play down, rather than leaving out what happened.
    if (playing === null || moment === null || isLoading) {
      if (playing !== null) playing.at = now
      return
    }
    const passedMs = (now - playing.at) * speed
    playing.at = now
    const at = (parseTime(moment.time) ?? 0) + passedMs
    const end = isLive() ? Date.now() : (parseTime(record?.last?.time ?? null) ?? 0)
    const start = (parseTime(record?.first?.time ?? null) ?? 0) + 1
    if (at < end) show(momentAt(Math.max(at, start)), 'replace')
    else goToEnd()
  }

  function pause() {
    if (playing === null) return
    clearInterval(playing.timer)
    playing = null
    change({ isPlaying: false })
  }

  function takeAddress() {
    const moment = readMoment(location.hash)
    pause()
    if (moment !== null) show(moment, 'keep')
    else if (location.hash === '' && isLive()) goToPresent('keep')
  }

  async function start(): Promise<boolean> {
    addEventListener('popstate', takeAddress)
    const named = readMoment(location.hash)
    const record = await client.record().catch((error: unknown) => {
      if (error instanceof RecordError && error.isAnswer) change({ trouble: error.message })
      return null
    })
    change({ record })
    if (named !== null) show(named, 'keep')
    else if (record?.live === false) await begin(record)
    return record?.live !== false
  }

  /** A record begins with a tracer that is being attached: the play begins shortly before something happens. */
  async function begin({ speed, first, last, observed, runs }: RecordInfo) {
    const beginning = runs[0] ?? first
    if (beginning === null || last === null) return
    // Its end proper shows only that the tracer was stopped.
    if (speed === null) return show(observed ?? last, 'replace')
    change({ speed })
    const happenings = await Promise.all(
      (['transition', 'finding'] as const).map((to) => client.step(beginning, 'next', to).catch(() => null)),
    )
    const times = happenings.flatMap((step) => parseTime(step?.time ?? null) ?? [])
    const start = Math.min(...times) - leadMs
    show(
      start > (parseTime(beginning.time) ?? 0) && times.length > 0 ? momentAt(start) : beginning,
      'replace',
    )
    play(true)
  }

  return {
    store,
    start,
    goTo,
    goToEnd,
    step,
    play,
    setSpeed: (speed) => change({ speed }),
    setUnseen: (unseen) => change({ unseen }),
    refresh: async () => {
      const record = await client.record().catch(() => null)
      if (record !== null) change({ record })
    },
  }
}
