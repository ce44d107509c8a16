/** Text for people: times, durations, counts. `null` is "not known" everywhere and never reads as zero. */

export type Zone = 'local' | 'utc'

export const unknownText = 'unknown'

/** RFC 3339 to Unix milliseconds; digits past the millisecond are cut, since not every engine parses them. */
export function parseTime(time: string | null): number | null {
  if (time === null) return null
  const ms = Date.parse(time.replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(ms) ? null : ms
}

const two = (n: number) => String(n).padStart(2, '0')

/** An age that ticks: whole seconds, at most two units, so that it keeps its width and stays calm. */
export function formatAge(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return `${s} s`
  const min = Math.floor(s / 60)
  if (min < 60) return `${min} min ${two(s % 60)} s`
  const h = Math.floor(min / 60)
  if (h < 24) return `${h} h ${two(min % 60)} min`
  return `${Math.floor(h / 24)} d ${h % 24} h`
}

/** A measured duration: finer than an age where it is short. */
export function formatDuration(ms: number): string {
  if (ms < 0) return '0 ms'
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  return formatAge(Math.round(ms / 1000) * 1000)
}

export function formatCount(count: number | null): string {
  return count === null ? unknownText : count.toLocaleString('en-US')
}

/** "1 task", "3,120 tasks". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

export function formatBytes(bytes: number | null): string {
  if (bytes === null) return unknownText
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0'
  if (perSecond < 0.1) return '< 0.1'
  return perSecond < 10 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond))
}

function fields(ms: number, zone: Zone) {
  const d = new Date(ms)
  return zone === 'utc'
    ? [
        d.getUTCFullYear(),
        d.getUTCMonth(),
        d.getUTCDate(),
        d.getUTCHours(),
        d.getUTCMinutes(),
        d.getUTCSeconds(),
      ]
    : [d.getFullYear(), d.getMonth(), d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds()]
}

/** HH:MM:SS. */
export function formatClock(ms: number, zone: Zone): string {
  return fields(ms, zone)
    .slice(3)
    .map((n) => two(n))
    .join(':')
}

/** The clock alone on the day of `now`, with the date before it on any other. */
export function formatMoment(ms: number, now: number, zone: Zone): string {
  const [year, month, day] = fields(ms, zone)
  const [nowYear, nowMonth, nowDay] = fields(now, zone)
  const clock = formatClock(ms, zone)
  if (year === nowYear && month === nowMonth && day === nowDay) return clock
  return `${year}-${two((month ?? 0) + 1)}-${two(day ?? 0)} ${clock}`
}

/** Date and clock to the millisecond: a moment to be told apart from its neighbours. */
export function formatInstant(ms: number, zone: Zone): { date: string; clock: string } {
  const [year, month, day] = fields(ms, zone)
  const fraction = String(((Math.floor(ms) % 1000) + 1000) % 1000).padStart(3, '0')
  return {
    date: `${year}-${two((month ?? 0) + 1)}-${two(day ?? 0)}`,
    clock: `${formatClock(ms, zone)}.${fraction}`,
  }
}
