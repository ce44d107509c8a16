import { openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../../../daemon/contract/event.ts'
import { openStore } from '../../../daemon/store/store.ts'

/**
 * Runs in the VM until its power goes: hands events to the daemon's own store, so many a millisecond, and tells in a
 * file outside of the VM how far it has come and when.
 *
 * usage: storm DATABASE WORKER TOLD EVENTS EVENTS_PER_FILE EVENTS_PER_MS MS
 * EVENTS is a folder with files 0, 1, … of so many events each, one as JSON a line, numbered from 1 on.
 */
const [, , database = '', workerFile = '', toldFile = '', folder = '', ...numbers] = process.argv
const [perFile = 0, perMs = 0, ms = 0] = numbers.map(Number)
const tickMs = 5

const trouble = (what: string) => (): never => {
  throw new Error(what)
}
const store = await openStore(database, workerFile, {
  keep: { days: null, mb: null },
  onFailing: trouble('the record cannot be written'),
  onRecovered: trouble('there was no room for events'),
  onRenewed: trouble('another record was begun'),
})
const state = store.restored
const events: Event[] = []
for (let index = Math.floor(state.seq / perFile); events.length < perMs * ms; index++)
  for (const line of readFileSync(join(folder, String(index)), 'utf8').split('\n')) {
    const event = JSON.parse(line) as Event
    if (event.seq > state.seq) events.push(event)
  }

const told = openSync(toldFile, 'w')
let emitted = 0
let begun = performance.now()
/** What could not be handed over within so long is not made up for: the storm is as strong as the machine lets it be. */
const latestMs = 100
const mostAtOnce = Math.ceil(perMs * latestMs)
const tick = (): void => {
  const due = Math.floor((performance.now() - begun) * perMs)
  if (due > mostAtOnce) begun = performance.now() - mostAtOnce / perMs
  for (let left = Math.min(due, mostAtOnce); left > 0; left--) {
    const event = events[emitted]
    if (!event) break
    store.queue.record({ event, state, effects: [] })
    emitted++
  }
  begun += Math.min(due, mostAtOnce) / perMs
  const { waiting } = store.queue.status()
  writeSync(told, `${process.hrtime.bigint()} ${events[emitted - 1]?.seq ?? state.seq} ${waiting}\n`)
  setTimeout(tick, tickMs)
}
tick()
