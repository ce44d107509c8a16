import { Command } from 'commander'
import type { State, Transition } from '../contract/state.ts'
import { view } from '../core/view.ts'
import { createQueries } from '../store/queries.ts'
import { askDaemon } from './ask-daemon.ts'
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
  flags.db === undefined ? ask<State>(flags, 'state') : withRecord(flags.db, ({ state }) => view(state))

export type History = { transitions: Transition[]; baseline: State['baseline'] }

/** Newest first. @throws UserError as readState */
export const readHistory = async (flags: SourceFlags, limit: number): Promise<History> => {
  if (flags.db !== undefined) {
    return withRecord(flags.db, ({ state, database }) => ({
      transitions: createQueries(database).transitions(limit),
      baseline: view(state).baseline,
    }))
  }
  const { transitions } = await ask<Pick<History, 'transitions'>>(flags, `transitions?limit=${limit}`)
  return { transitions, baseline: (await readState(flags)).baseline }
}

const ask = async <T>({ url }: SourceFlags, path: string): Promise<T> =>
  JSON.parse(await (await askDaemon(url, path)).text())
