import { createServer, type Server } from 'node:http'
import express from 'express'
import type { Logger } from 'pino'
import { UserError } from '../user-error.ts'
import { type ApiOptions, createApi } from './api.ts'
import { problemsOf } from './health.ts'
import { createSamplesApi, type Samples } from './samples-api.ts'

export type ListenAddress = { host: string; port: number }

/** HTTP: the API, health, and the dashboard's files from `webDir`. */
export const createHttpServer = (
  options: ApiOptions & { webDir: string; log: Logger; samples?: Samples },
): Server => {
  const app = express()
  app.disable('x-powered-by')
  app.use((_request, response, next) => {
    response.setHeader(
      'Content-Security-Policy',
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'",
    )
    response.setHeader('X-Content-Type-Options', 'nosniff')
    next()
  })
  if (options.samples) app.use('/api/v1', createSamplesApi(options.samples))
  app.use('/api/v1', createApi(options))
  app.get('/healthz', (_request, response) => {
    const { status } = options.state().tracer
    const problems = options.record().live ? problemsOf(options.state()) : []
    response.status(problems.length > 0 ? 503 : 200).json({ status, problems })
  })
  app.get(
    '/readyz',
    (_request, response) =>
      void response.status(options.isReady() ? 200 : 503).json({ ready: options.isReady() }),
  )
  app.use(express.static(options.webDir))
  app.use(
    (error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      options.log.error({ err: error }, 'a request failed')
      response.status(500).json({ error: 'The daemon failed to answer.', remedy: 'See the daemon’s log.' })
    },
  )
  return createServer(app)
}

/** @throws UserError when the address cannot be had */
export const listen = async (server: Server, { host, port }: ListenAddress): Promise<void> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, resolve)
  })
}

const explain = (error: NodeJS.ErrnoException, host: string, port: number): UserError => {
  if (error.code === 'EADDRINUSE') {
    return new UserError(
      `${host}:${port} is in use by another program.`,
      `Stop it, or choose another: --listen ${host}:${port + 1}`,
    )
  }
  if (error.code === 'EACCES') {
    return new UserError(
      `Listening on ${host}:${port} is not permitted.`,
      'Choose a port above 1023 with --listen.',
    )
  }
  return new UserError(
    `Cannot listen on ${host}:${port} (${error.code}).`,
    'Name an address of this machine with --listen.',
  )
}
