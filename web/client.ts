import type { ClientMessage } from '../daemon/contract/message.ts'
import { type Parsed, parseMessage } from './parse-message.ts'

export type Connection =
  /** No message has arrived since the page was opened. */
  | { phase: 'connecting'; since: number }
  | { phase: 'live'; since: number }
  | { phase: 'lost'; since: number }
  /** The daemon speaks another protocol version; only a reload helps. */
  | { phase: 'incompatible'; since: number; serverVersion: number }

/** The server sends something at least every 2 s; browsers cannot see its ping frames. */
const silentAfterMs = 10_000
const firstDelayMs = 500
const lastDelayMs = 5_000

/** 0.5 s doubling to 5 s, each shortened by up to half so that many pages do not come back in one beat. */
export function reconnectDelayMs(attempt: number, random: number): number {
  return Math.min(lastDelayMs, firstDelayMs * 2 ** attempt) * (1 - random / 2)
}

export type ClientOptions = {
  url: string
  /** Where to resume; null before the first snapshot. */
  resumeFrom: () => number | null
  onParsed: (parsed: Exclude<Parsed, { kind: 'incompatible' }>) => void
  onConnection: (connection: Connection) => void
}

/** Keeps one WebSocket to the daemon open until it is ended. @returns ends it for good */
export function connect({ url, resumeFrom, onParsed, onConnection }: ClientOptions): () => void {
  let socket: WebSocket | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempt = 0
  let heardAt = 0
  let phase: Connection['phase'] = 'connecting'

  function enter(next: Connection) {
    if (next.phase === phase) return
    phase = next.phase
    onConnection(next)
  }

  function open() {
    clearTimeout(timer)
    const opened = new WebSocket(url)
    socket = opened
    heardAt = Date.now()
    opened.onopen = () => {
      // Also with nothing to resume from: otherwise the server waits whether we have.
      opened.send(JSON.stringify({ resume: resumeFrom() } satisfies ClientMessage))
    }
    opened.onmessage = ({ data }) => {
      if (socket === opened) receive(String(data))
    }
    opened.onclose = () => {
      if (socket === opened) lose()
    }
  }

  function receive(text: string) {
    heardAt = Date.now()
    const parsed = parseMessage(text)
    if (parsed.kind === 'incompatible') {
      enter({ phase: 'incompatible', since: heardAt, serverVersion: parsed.serverVersion })
      release()
      return
    }
    if (parsed.kind === 'message') {
      attempt = 0
      enter({ phase: 'live', since: heardAt })
    }
    onParsed(parsed)
  }

  /** Forgets the socket before closing it: a close that takes long must not end the next connection. */
  function release() {
    const old = socket
    socket = null
    old?.close()
  }

  function lose() {
    release()
    if (phase === 'live') enter({ phase: 'lost', since: Date.now() })
    clearTimeout(timer)
    timer = setTimeout(open, reconnectDelayMs(attempt, Math.random()))
    attempt += 1
  }

  function hurry() {
    if (phase === 'incompatible' || document.hidden) return
    if (socket === null) open()
    else if (Date.now() - heardAt > silentAfterMs) lose()
  }

  const watch = setInterval(() => {
    if (socket !== null && Date.now() - heardAt > silentAfterMs) lose()
  }, 1_000)
  // A phone taken out of a pocket should not wait for the next attempt.
  document.addEventListener('visibilitychange', hurry)
  window.addEventListener('online', hurry)
  open()
  return () => {
    clearInterval(watch)
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', hurry)
    window.removeEventListener('online', hurry)
    release()
  }
}
