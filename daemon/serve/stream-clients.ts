import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { clientMessageSchema } from '../contract/message.ts'
import { createRateLimit, limitKey } from './rate-limit.ts'
import { refuseOnSocket } from './refusal.ts'

/**
 * How far a client has come: it is `new` until it says what it has or its time for that is over; then it is `asking`
 * until the next round, in which it gets that and from then on, `following`, everything that is sent.
 */
type Phase =
  | { name: 'new'; untilMs: number }
  | { name: 'asking'; from: number | null }
  | { name: 'following' }
type Client = { socket: WebSocket; address: string; phase: Phase; answersPing: boolean }

export type StreamClients = {
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * One round: whoever follows gets `news`, whoever asked gets an answer, in which the news is contained.
   * @param answer of what comes after event `from`; null: of everything
   */
  round: (news: Buffer | null, answer: (from: number | null) => Buffer[]) => void
  close: () => void
}

/** Clients that know where they stand say so at once; the others are not to wait long for their snapshot. */
const helloWithinMs = 250
const pingEveryMs = 30_000
const maxMessageBytes = 1_024
const connectionsAtOnce = 256
/** Several people behind one proxy, each with a few pages. */
const connectionsPerAddress = 64
const messagesPerConnection = { burst: 10, perS: 1 }
const messagesPerAddress = { burst: 100, perS: 10 }

/** @param backlogBytes a client that has so much still to fetch is cut off */
export const createStreamClients = (backlogBytes: number): StreamClients => {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
  })
  const clients = new Set<Client>()
  const messages = createRateLimit(messagesPerAddress)

  const accept = (socket: WebSocket, address: string): void => {
    const phase: Phase = { name: 'new', untilMs: performance.now() + helloWithinMs }
    const client: Client = { socket, address, phase, answersPing: true }
    const ownMessages = createRateLimit(messagesPerConnection)
    clients.add(client)
    socket.on('error', () => socket.terminate())
    socket.on('close', () => clients.delete(client))
    socket.on('pong', () => {
      client.answersPing = true
    })
    socket.on('message', (data) => {
      if (socket.readyState !== socket.OPEN) return
      if (ownMessages('') > 0 || messages(address) > 0)
        return dismiss(client, 'too many messages: resume once per connection')
      const message = clientMessageSchema.safeParse(parseJson(String(data)))
      if (!message.success) return dismiss(client, 'expected {"resume": seq} or {"resume": null}')
      client.phase = { name: 'asking', from: message.data.resume }
    })
  }

  /** Nothing it sends is listened to any more; it gets a second to read why. */
  const dismiss = ({ socket }: Client, reason: string): void => {
    socket.close(1008, reason)
    socket.pause()
    setTimeout(() => socket.terminate(), 1_000).unref()
  }

  const send = ({ socket }: Client, texts: Buffer[]): void => {
    // It does not read: a close with a reason would wait behind all the rest.
    if (socket.bufferedAmount > backlogBytes) socket.terminate()
    else for (const text of texts) socket.send(text, { binary: false })
  }

  const pings = setInterval(() => {
    for (const client of clients) {
      if (!client.answersPing) client.socket.terminate()
      client.answersPing = false
      if (client.socket.readyState === client.socket.OPEN) client.socket.ping()
    }
  }, pingEveryMs).unref()

  return {
    upgrade: (request, socket, head) => {
      const address = limitKey(request.socket.remoteAddress)
      const isCrowded =
        [...clients].filter((client) => client.address === address).length >= connectionsPerAddress
      if (isCrowded || clients.size >= connectionsAtOnce) return refuseOnSocket(socket, tooManyStreams)
      sockets.handleUpgrade(request, socket, head, (accepted) => accept(accepted, address))
    },
    round: (news, answer) => {
      const nowMs = performance.now()
      for (const client of clients) {
        if (client.socket.readyState !== client.socket.OPEN) continue
        if (client.phase.name === 'following') {
          if (news) send(client, [news])
          continue
        }
        if (client.phase.name === 'new') {
          if (nowMs < client.phase.untilMs) continue
          client.phase = { name: 'asking', from: null }
        }
        send(client, answer(client.phase.from))
        client.phase = { name: 'following' }
      }
    },
    close: () => {
      clearInterval(pings)
      for (const { socket } of clients) socket.terminate()
      sockets.close()
    },
  }
}

const tooManyStreams = {
  status: 429,
  error: 'Too many pages follow the stream.',
  remedy: 'Close some of them.',
  retryAfterS: 10,
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
