import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import { type Access, type AccessOptions, createAccess } from './access.ts'
import { createInTurn } from './in-turn.ts'
import { createRateLimit, limitKey } from './rate-limit.ts'
import { type Refusal, refuse } from './refusal.ts'

/** A page asks for a dozen things when it opens and for four a second while a record is played. */
const requestRate = { burst: 500, perS: 100 }
const turns = { atOnce: 16, atOncePerKey: 6, waitingPerKey: 60 }

/** Answered from memory, at once. */
const cheap = /^\/(health|record|tasks|patches|functions|shadow|state)?\/?$/

export type Admission = {
  /** Whether a request or an upgrade may be answered at all. */
  judge: Access
  /** The same for every request, and what is not well-formed. */
  check: RequestHandler
  /** Requests that read the record wait for one another. */
  inTurn: RequestHandler
}

/** Who may ask, what, and how much. */
export const createAdmission = (options: AccessOptions): Admission => {
  const access = createAccess(options)
  const requests = createRateLimit(requestRate)
  const enter = createInTurn(turns)

  const judge = (request: IncomingMessage): Refusal | null => {
    const refusal = access(request)
    // Whoever watches whether we are alive gets an answer whatever others do.
    if (refusal || /^\/(healthz|readyz)$/.test(request.url ?? '')) return refusal
    const waitS = requests(limitKey(request.socket.remoteAddress))
    return waitS === 0 ? null : tooMany(waitS)
  }

  return {
    judge,
    check: (request, response, next) => {
      const refusal = judge(request) ?? wrongMethod(request.method) ?? wrongEncoding(request.url)
      if (!refusal) return next()
      if (refusal.status === 405) response.set('Allow', allowedMethods)
      refuse(response, refusal)
    },
    inTurn: (request, response, next) => {
      const isOfThePast = 'at' in request.query || 'seq' in request.query
      if (cheap.test(request.path) && !isOfThePast) return next()
      const giveUp = enter(limitKey(request.socket.remoteAddress), (end) => {
        if (response.destroyed) return end()
        response.once('close', end)
        next()
      })
      if (giveUp) response.once('close', giveUp)
      else refuse(response, tooMany(2))
    },
  }
}

const allowedMethods = 'GET, HEAD'

const wrongMethod = (method: string): Refusal | null =>
  method === 'GET' || method === 'HEAD'
    ? null
    : {
        status: 405,
        error: `${method} is not possible here: klpscope is only read.`,
        remedy: `Use ${allowedMethods.replace(', ', ' or ')}.`,
      }

const wrongEncoding = (url: string): Refusal | null => {
  try {
    decodeURIComponent(url)
    return null
  } catch {
    return {
      status: 400,
      error: 'The address has a % that does not begin the code of a UTF-8 character.',
      remedy: 'Write a literal % as %25, and other characters as encodeURIComponent does.',
    }
  }
}

const tooMany = (retryAfterS: number): Refusal => ({
  status: 429,
  error: 'Too many requests come from this address.',
  remedy: `Wait ${retryAfterS} s, then ask less often; what happens now comes over the WebSocket by itself.`,
  retryAfterS,
})
