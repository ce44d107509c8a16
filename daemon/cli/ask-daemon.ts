import { Readable } from 'node:stream'
import { type ApiError, protocolHeader } from '../contract/message.ts'
import { UserError } from '../user-error.ts'

/** What an answer holds. Each throws UserError when the answer breaks off, or takes too long. */
export type Answer = {
  text: () => Promise<string>
  bytes: () => AsyncIterable<Uint8Array>
}

/**
 * Asks the API of the running daemon.
 * @param timeoutMs until the whole answer is there
 * @throws UserError when there is no daemon, it is somebody else, or it says no
 */
export const askDaemon = async (url: string, path: string, timeoutMs = 10_000): Promise<Answer> => {
  const begun = performance.now()
  const seconds = () => Math.round((performance.now() - begun) / 1_000)
  const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: Error) => {
      if (isNoHttp(error)) throw foreign(url)
      throw isTimeout(error)
        ? new UserError(
            `What listens at ${url} did not answer within ${seconds()} s: if it is klpscope, it is busy.`,
            tryAgain,
          )
        : new UserError(`No daemon answers at ${url} (${causeOf(error)}).`, startIt)
    },
  )
  if (!response.headers.has(protocolHeader)) {
    await response.body?.cancel()
    throw foreign(url)
  }
  const brokeOff = (error: Error): UserError =>
    isTimeout(error)
      ? new UserError(`klpscope at ${url} did not answer within ${seconds()} s: it is busy.`, tryAgain)
      : new UserError(`The answer of klpscope at ${url} broke off (${causeOf(error)}).`, seeLog)
  const text = async () =>
    response.text().catch((error: Error) => {
      throw brokeOff(error)
    })
  if (!response.ok) throw refused(url, response.status, await text())
  return {
    text,
    async *bytes() {
      const body = response.body as Parameters<typeof Readable.fromWeb>[0]
      try {
        yield* Readable.fromWeb(body) as AsyncIterable<Uint8Array>
      } catch (error) {
        throw brokeOff(error as Error)
      }
    },
  }
}

const startIt =
  'Start it (sudo klpscope daemon), name its address with --url, or read a record with --db FILE.'
const tryAgain = 'Try again, or read its record with --db FILE.'
const seeLog = 'See its log, or read its record with --db FILE.'
const nameAnother = 'Name the address of the daemon with --url, or read its record with --db FILE.'

const codeOf = (error: Error): string | undefined => (error.cause as { code?: string } | undefined)?.code
const causeOf = (error: Error): string => codeOf(error) ?? error.message

/** Ours, and those that fetch has of its own. */
const isTimeout = (error: Error): boolean =>
  error.name === 'TimeoutError' || /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(codeOf(error) ?? '')

/** What Node.js's HTTP parser says. */
const isNoHttp = (error: Error): boolean => codeOf(error)?.startsWith('HPE_') ?? false

const foreign = (url: string): UserError =>
  new UserError(`What answers at ${url} is not klpscope.`, nameAnother)

const refused = (url: string, status: number, text: string): UserError => {
  const { error, remedy } = toldIn(text)
  return new UserError(error ?? `klpscope at ${url} answered with HTTP ${status}.`, remedy ?? seeLog)
}

const toldIn = (text: string): Partial<ApiError> => {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}
