import type { RequestHandler } from 'express'
import { protocolHeader, protocolVersion } from '../contract/message.ts'
import { inUrl, parseAuthority } from './authority.ts'

/** Nothing of ours is for other sites, and no page of ours needs anything of theirs, or of the browser's hardware. */
const always = {
  [protocolHeader]: String(protocolVersion),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()',
  // What is asked for may be other the next moment; files that stay say so themselves.
  'Cache-Control': 'no-store',
}

export const responseHeaders: RequestHandler = (request, response, next) => {
  const addressed = parseAuthority(request.headers.host ?? '')
  // To older browsers 'self' does not include the WebSocket.
  const sockets = addressed ? ` ws://${inUrl(addressed)} wss://${inUrl(addressed)}` : ''
  response.set({
    ...always,
    'Content-Security-Policy': `default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'${sockets}; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  })
  next()
}
