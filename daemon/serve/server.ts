import type { Server } from 'node:http'
import compression from 'compression'
import express, { type ErrorRequestHandler } from 'express'
import type { Logger } from 'pino'
import type { AccessOptions } from './access.ts'
import { createAdmission } from './admission.ts'
import { type ApiOptions, createApi } from './api.ts'
import { createBoundedServer } from './connections.ts'
import { problemsOf } from './health.ts'
import { createPages } from './pages.ts'
import { refuse, refuseOnSocket } from './refusal.ts'
import { responseHeaders } from './response-headers.ts'
import { createSamplesApi, type Samples } from './samples-api.ts'
import { type Stream, streamPath } from './stream.ts'

export type HttpServerOptions = ApiOptions & {
  webDir: string
  log: Logger
  access: AccessOptions
  samples?: Samples
  stream?: Pick<Stream, 'upgrade'>
}

/** Saves most of what can be saved for little of the CPU. */
const compressionLevel = 1

/** HTTP: the API, the stream, health, and the dashboard's files from `webDir`; all behind one admission. */
export const createHttpServer = (options: HttpServerOptions): Server => {
  const { isReady, log, record, samples, state, stream, webDir } = options
  const admission = createAdmission(options.access)
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.use(responseHeaders, admission.check, compression({ level: compressionLevel }))
  app.use('/api/v1', admission.inTurn)
  if (samples) app.use('/api/v1', createSamplesApi(samples))
  app.use('/api/v1', createApi(options))
  app.get('/healthz', (_request, response) => {
    const { status } = state().tracer
    const problems = record().live ? problemsOf(state()) : []
    response.status(problems.length > 0 ? 503 : 200).json({ status, problems })
  })
  app.get('/readyz', (_request, response) => {
    response.status(isReady() ? 200 : 503).json({ ready: isReady() })
  })
  app.use(createPages(webDir))
  app.use(answerError(log))

  const server = createBoundedServer(app)
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refusal = admission.judge(request)
    if (refusal) return refuseOnSocket(socket, refusal)
    const path = request.url?.split('?')[0]
    if (stream && path === streamPath) stream.upgrade(request, socket, head)
    else refuseOnSocket(socket, notAStream)
  })
  return server
}

const notAStream = {
  status: 404,
  error: 'There is no WebSocket here.',
  remedy: `The stream is at ${streamPath}; ask for everything else without an Upgrade header.`,
}

/** Express and its parts blame a request by a status from 400 on; everything else is our fault. */
const answerError =
  (log: Logger): ErrorRequestHandler =>
  (error: Error & { status?: number }, _request, response, _next) => {
    if (response.headersSent) return void response.destroy()
    const { status = 500 } = error
    if (status >= 400 && status < 500) {
      return refuse(response, {
        status,
        error: `The request cannot be answered: ${error.message}.`,
        remedy: 'Correct its address.',
      })
    }
    log.error({ err: error }, 'a request failed')
    refuse(response, { status: 500, error: 'The daemon failed to answer.', remedy: 'See the daemon’s log.' })
  }
