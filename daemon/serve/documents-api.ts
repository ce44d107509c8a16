import { type Response, Router } from 'express'
import { z } from 'zod'
import { notFound } from './not-found.ts'
import { runSelf } from './run-self.ts'

const reportQuery = z.object({ format: z.enum(['md', 'html', 'json']).default('json') })
const mediaTypes = { md: 'text/markdown', html: 'text/html', json: 'application/json' } as const

/** More than these at a time would only slow each other, and the host. */
const atOnce = 2

/** What is made from the whole record on disk: each by one of our own commands, see run-self.ts. */
export const createDocumentsApi = (recordFile: string): Router => {
  const api = Router()
  let running = 0

  /** The command's output is the answer; what it says of a failure, the error. */
  const answer = (response: Response, mediaType: string, args: string[]): void => {
    if (running >= atOnce) {
      response.status(503).set('Retry-After', '5')
      response.json({ error: 'Other documents are being made.', remedy: 'Try again in a few seconds.' })
      return
    }
    running++
    const child = runSelf([...args, '--db', recordFile])
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000)
    })
    child.stdout?.once('readable', () => {
      if (child.stdout?.readableLength) response.type(`${mediaType}; charset=utf-8`)
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
    if (id !== 'last' && !/^\d+$/.test(id))
      return notFound(response, `There is no transition ${id}.`, 'GET /api/v1/transitions lists them.')
    answer(response, mediaTypes[format], ['report', ...(id === 'last' ? [] : [id]), '--format', format])
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
