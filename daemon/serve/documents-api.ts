import { type Request, type Response, Router } from 'express'
import * as z from 'zod'
import { formatTime } from '../core/time.ts'
import { instant } from './instant.ts'
import { notFound } from './not-found.ts'
import { runSelf } from './run-self.ts'

const reportQuery = z.object({ format: z.enum(['md', 'html', 'json']).default('json') })
const mediaTypes = {
  md: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
  json: 'application/json',
} as const

const exportQuery = z.object({
  format: z.enum(['ndjson', 'csv', 'perfetto']).default('ndjson'),
  from: instant.optional(),
  to: instant.optional(),
})
const exportTypes = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  perfetto: 'application/octet-stream',
} as const

/** More than these at a time would only slow each other, and the host. */
const atOnce = 2

/** What is made from the whole record on disk: each by one of our own commands, see run-self.ts. */
export const createDocumentsApi = (recordFile: string): Router => {
  const api = Router()
  let running = 0

  /** The command's output is the answer; what it says of a failure, the error. */
  const answer = (
    request: Request,
    response: Response,
    mediaType: string,
    options: string[],
    args: string[] = [],
  ): void => {
    // Nothing of what is made would be sent.
    if (request.method === 'HEAD') return void response.type(mediaType).end()
    if (running >= atOnce) {
      response.status(503).set('Retry-After', '5')
      response.json({ error: 'Other documents are being made.', remedy: 'Try again in a few seconds.' })
      return
    }
    running++
    const child = runSelf([...options, '--db', recordFile, ...args])
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000)
    })
    child.stdout?.once('readable', () => {
      if (child.stdout?.readableLength) response.type(mediaType)
      child.stdout?.pipe(response, { end: false })
    })
    response.on('close', () => child.kill())
    child.on('error', (error) => fail(response, error.message))
    child.on('close', (code) => {
      running--
      if (code === 0) response.end()
      else fail(response, said)
    })
  }

  api.get('/transitions/:id/report', (request, response) => {
    const { format } = reportQuery.parse(request.query)
    const { id } = request.params
    // No argument of a command can hold it.
    if (id.includes('\0'))
      return notFound(response, `There is no transition ${id}.`, 'GET /api/v1/transitions lists them.')
    answer(
      request,
      response,
      mediaTypes[format],
      ['report', '--format', format],
      // After this nothing is taken for an option.
      id === 'last' ? [] : ['--', id],
    )
  })
  api.get('/export', (request, response) => {
    const { format, from, to } = exportQuery.parse(request.query)
    answer(request, response, exportTypes[format], [
      'export',
      '--format',
      format,
      ...(from === undefined ? [] : ['--from', formatTime(from)]),
      ...(to === undefined ? [] : ['--to', formatTime(to)]),
    ])
  })
  return api
}

/** A document that was begun cannot be taken back: the connection breaks, so that nobody takes a part for the whole. */
const fail = (response: Response, said: string): void => {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const [error = '', remedy = ''] = said.replace(/^klpscope: /, '').split('\n')
  const isMissing = /^There is no |^No transition /.test(error)
  response.status(isMissing ? 404 : 500).json({
    error: isMissing ? error : 'The document could not be made.',
    remedy: isMissing ? remedy : 'Make it from the record: klpscope report --db FILE',
  })
}
