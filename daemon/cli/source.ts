import { Command } from 'commander'
import type { ApiError } from '../contract/message.ts'
import type { State, Transition } from '../contract/state.ts'
import { view } from '../core/view.ts'
import { openReplay } from '../replay/open-replay.ts'
import { createQueries } from '../store/queries.ts'
import { UserError } from '../user-error.ts'

export const defaultUrl = 'http://127.0.0.1:8686'

export type SourceFlags = { db?: string; url?: string; json?: boolean }

/** A command that reads: from the running daemon, or from a record. */
export const readingCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--db <file>', 'read this record, of any host, instead of asking the running daemon')
    .option('--url <url>', 'address of the daemon', process.env.KLPSCOPE_URL ?? defaultUrl)
    .option('--json', 'print JSON')

/** @throws UserError when the daemon does not answer or the record cannot be read */
export const readState = async (flags: SourceFlags): Promise<State> => {
  if (!flags.db) return ask<State>(flags, 'state')
  const record = await openReplay(flags.db)
  try {
    return view(record.state)
  } finally {
    record.close()
  }
}

/** Newest first. @throws UserError as readState */
export const readTransitions = async (flags: SourceFlags, limit: number): Promise<Transition[]> => {
  if (!flags.db)
    return (await ask<{ transitions: Transition[] }>(flags, `transitions?limit=${limit}`)).transitions
  const record = await openReplay(flags.db)
  try {
    return createQueries(record.database).transitions(limit)
  } finally {
    record.close()
  }
}

const ask = async <T>(flags: SourceFlags, path: string): Promise<T> =>
  (await (await fetchFromDaemon(flags, path)).json()) as T

/** An answer of the running daemon's API. @throws UserError when there is no daemon, or it says no */
export const fetchFromDaemon = async (
  flags: Pick<SourceFlags, 'url'>,
  path: string,
  timeoutMs = 10_000,
): Promise<Response> => {
  const url = flags.url ?? defaultUrl
  const response = await reach(url, path, timeoutMs)
  if (response.ok) return response
  const said = (await response.json().catch(() => ({}))) as Partial<ApiError>
  throw new UserError(
    said.error ?? `The daemon at ${url} answered with HTTP ${response.status}.`,
    said.remedy ?? 'See its log, or read its record with --db FILE.',
    3,
  )
}

const reach = async (url: string, path: string, timeoutMs: number): Promise<Response> => {
  try {
    return await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message
    throw new UserError(
      `No daemon answers at ${url} (${cause}).`,
      'Start it (sudo klpscope daemon), name its address with --url, or read a record with --db FILE.',
      3,
    )
  }
}
