import type { Event } from '../contract/event.ts'
import { formatBytes, plural } from './format.ts'

type ShadowEvent = Extract<Event, { kind: `shadow-${string}` }>

/** The sentence for an event about shadow variables. */
export function describeShadowEvent(event: ShadowEvent): string {
  if (event.kind === 'shadow-counts') {
    const quiet =
      event.notStreamed === 0 ? '' : `; ${plural(event.notStreamed, 'event')} counted but not listed`
    return `Shadow variables counted for ${plural(event.counts.length, 'id')}${quiet}.`
  }
  if (event.kind === 'shadow-adopted') {
    return event.complete
      ? 'All shadow variables older than the tracer have been counted.'
      : 'Shadow variables older than the tracer could not all be counted.'
  }
  if (event.kind === 'shadow-checked') {
    const found = `${plural(event.found, 'shadow variable')} found in the kernel`
    if (event.drift.length === 0) return `${found}, as counted.`
    const wrong = event.drift.map(({ id, counted, found }) => `${id}: ${counted} counted, ${found} found`)
    return `${found}; counts corrected: ${wrong.join('; ')}.`
  }
  if (event.kind === 'shadow-freed-all') {
    return `All shadow variables with id ${event.id} were freed: ${event.count}${by(event)}.`
  }
  const variable = `<${event.obj}, ${event.id}>`
  switch (event.kind) {
    case 'shadow-allocated':
      return `Shadow variable ${variable} allocated, ${formatBytes(event.sizeBytes)}${by(event)}.`
    case 'shadow-found':
      return event.raced
        ? `Shadow variable ${variable} was allocated by another task first; the race was lost${by(event)}.`
        : `Shadow variable ${variable} existed already and was found${by(event)}.`
    case 'shadow-duplicate':
      return `Duplicate allocation of shadow variable ${variable} refused${by(event)}.`
    case 'shadow-alloc-failed':
      return `Allocation of shadow variable ${variable}, ${formatBytes(event.sizeBytes)}, failed${by(event)}.`
    case 'shadow-freed':
      return `Shadow variable ${variable} freed${by(event)}.`
    case 'shadow-free-missed':
      return `Free of shadow variable ${variable}, which does not exist${by(event)}.`
  }
}

function by(event: ShadowEvent): string {
  if (event.comm === undefined) return ''
  return ` by ${event.comm}${event.tid === undefined ? '' : ` (${event.tid})`}`
}
