import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Response } from 'express'
import { type ApiError, protocolHeader, protocolVersion } from '../contract/message.ts'

/** Why a request is not answered, and the remedy. */
export type Refusal = ApiError & { status: number; retryAfterS?: number }

/** Answers a request with a refusal. */
export const refuse = (response: Response, { status, error, remedy, retryAfterS }: Refusal): void => {
  if (retryAfterS !== undefined) response.set('Retry-After', String(retryAfterS))
  response.status(status).json({ error, remedy } satisfies ApiError)
}

/** The same on a bare connection: an upgrade, or a request that could not be parsed. Ends the connection. */
export const refuseOnSocket = (socket: Duplex, { status, error, remedy, retryAfterS }: Refusal): void => {
  if (!socket.writable) return void socket.destroy()
  const body = JSON.stringify({ error, remedy } satisfies ApiError)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${protocolHeader}: ${protocolVersion}`,
    'Cache-Control: no-store',
    'Connection: close',
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
