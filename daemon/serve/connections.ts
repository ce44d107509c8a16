import { createServer, type RequestListener, type Server } from 'node:http'
import { limitKey } from './rate-limit.ts'
import { type Refusal, refuseOnSocket } from './refusal.ts'

const connectionsAtOnce = 512
/** A browser keeps six open; behind a proxy everybody has one address. */
const connectionsPerAddress = 128

/** How long a request may take to arrive, and a connection stay without any traffic. */
const headersTimeoutMs = 10_000
const requestTimeoutMs = 20_000
const idleTimeoutMs = 120_000
const keepAliveTimeoutMs = 10_000
const maxHeaderBytes = 16_384

/** A server whose connections are bounded in number and in what they may hold open; says why it closes one. */
export const createBoundedServer = (answer: RequestListener): Server => {
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: maxHeaderBytes,
      // A request without Host gets our own sentence.
      requireHostHeader: false,
    },
    answer,
  )
  server.timeout = idleTimeoutMs
  const open = new Map<string, number>()
  let openInAll = 0
  server.on('connection', (socket) => {
    const key = limitKey(socket.remoteAddress)
    const count = (open.get(key) ?? 0) + 1
    open.set(key, count)
    openInAll++
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1
      if (left === 0) open.delete(key)
      else open.set(key, left)
      openInAll--
    })
    if (count > connectionsPerAddress || openInAll > connectionsAtOnce) refuseOnSocket(socket, tooManyOpen)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // What is on its way over this connection must not get a second answer in its middle.
    const isFresh = 'bytesWritten' in socket && socket.bytesWritten === 0
    if (error.code === 'ECONNRESET' || !isFresh) return void socket.destroy()
    refuseOnSocket(socket, unreadable(error.code))
  })
  return server
}

const tooManyOpen: Refusal = {
  status: 429,
  error: 'Too many connections are open.',
  remedy: 'Close some of them, or use one for several requests.',
  retryAfterS: 5,
}

const unreadable = (code: string | undefined): Refusal => {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return {
      status: 431,
      error: `The address and the headers of the request are longer than ${maxHeaderBytes} bytes.`,
      remedy: 'Ask for less at once.',
    }
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: 408, error: 'The request took too long to arrive.', remedy: 'Send it again.' }
  return {
    status: 400,
    error: 'This is not an HTTP/1.1 request that can be read.',
    remedy: 'Use http:// and a client that follows RFC 9112.',
  }
}
