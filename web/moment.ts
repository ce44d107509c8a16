/** A moment of the record that is not the present: after event `seq`, or at `time` when no event is meant. */
export type Moment = { time: string; seq: number | null }

const form = /^#at=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))(?:&seq=(\d{1,15}))?$/

/** The moment an address names in its fragment; null where it names none. */
export function readMoment(hash: string): Moment | null {
  const match = form.exec(decode(hash))
  if (!match?.[1] || Number.isNaN(Date.parse(match[1]))) return null
  return { time: match[1], seq: match[2] === undefined ? null : Number(match[2]) }
}

/** The fragment of an address that shows this moment to whom it is sent. */
export function momentHash({ time, seq }: Moment): string {
  return `#at=${time}${seq === null ? '' : `&seq=${seq}`}`
}

/** The query that asks the API for it. */
export function momentQuery({ time, seq }: Moment): string {
  return `at=${encodeURIComponent(time)}${seq === null ? '' : `&seq=${seq}`}`
}

export const momentAt = (ms: number): Moment => ({ time: new Date(ms).toISOString(), seq: null })

function decode(hash: string): string {
  try {
    return decodeURIComponent(hash)
  } catch {
    return hash
  }
}
