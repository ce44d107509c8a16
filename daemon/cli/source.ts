import { Command } from 'commander'
import type { ApiError } from '../contract/message.ts'
import type { State, Transition } from '../contract/state.ts'
import { view } from '../core/view.ts'
import { createQueries } from '../store/queries.ts'
import { UserError } from '../user-error.ts'
import { sourceOptions } from './source-options.ts'
import { withRecord } from './with-record.ts'

export type SourceFlags = { db?: string; url: string; json?: boolean }

/** A command that reads: from the running daemon, or from a record. */
export const readingCommand = (name: string, description: string): Command => {
  const command = new Command(name).description(description)
  for (const option of sourceOptions()) command.addOption(option)
  return command.option('--json', 'print JSON')
}

/** @throws UserError when the daemon does not answer or the record cannot be read */
export const readState = async (flags: SourceFlags): Promise<State> =>
  flags.db === undefined
    ? ask<State>(flags, 'state', 'headline')
    : withRecord(flags.db, ({ state }) => view(state))

export type History = { transitions: Transition[]; baseline: State['baseline'] }

/** Newest first. @throws UserError as readState */
export const readHistory = async (flags: SourceFlags, limit: number): Promise<History> => {
  if (flags.db !== undefined) {
    return withRecord(flags.db, ({ state, database }) => ({
      transitions: createQueries(database).transitions(limit),
      baseline: view(state).baseline,
    }))
  }
  const { transitions } = await ask<Pick<History, 'transitions'>>(
    flags,
    `transitions?limit=${limit}`,
    'transitions',
  )
  return { transitions, baseline: (await readState(flags)).baseline }
}

/** @param key what every answer to this question has: other programs may listen at that address */
const ask = async <T extends object>(flags: SourceFlags, path: string, key: keyof T): Promise<T> => {
  const response = await fetchFromDaemon(flags, path)
  const body: unknown = await response.json().catch((error: Error) => {
    // Text that is no JSON came from another program; an answer that broke off may have been the daemon's.
    if (error instanceof SyntaxError) return null
    throw noAnswer(flags.url, error, `The answer of ${flags.url} broke off`)
  })
  if (typeof body === 'object' && body !== null && key in body) return body as T
  throw new UserError(
    `What answers at ${flags.url} is not klpscope.`,
    'Name the address of the daemon with --url, or read its record with --db FILE.',
  )
}

/** An answer of the running daemon's API. @throws UserError when there is no daemon, or it says no */
export const fetchFromDaemon = async (
  { url }: Pick<SourceFlags, 'url'>,
  path: string,
  timeoutMs = 10_000,
): Promise<Response> => {
  const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: Error) => {
      throw noAnswer(url, error, `No daemon answers at ${url}`)
    },
  )
  if (response.ok) return response
  const said = (await response.json().catch(() => ({}))) as Partial<ApiError>
  throw new UserError(
    said.error ?? `The daemon at ${url} answered with HTTP ${response.status}.`,
    said.remedy ?? 'See its log, or read its record with --db FILE.',
  )
}

const noAnswer = (url: string, error: Error, otherwise: string): UserError => {
  if (error.name === 'TimeoutError') {
    return new UserError(
      `What listens at ${url} did not answer in time: if it is klpscope, it is busy.`,
      'Try again, or read its record with --db FILE.',
    )
  }
  const cause = (error.cause as { code?: string } | undefined)?.code ?? error.message
  return new UserError(
    `${otherwise} (${cause}).`,
    'Start it (sudo klpscope daemon), name its address with --url, or read a record with --db FILE.',
  )
}
