import { Command } from 'commander'
import { pino } from 'pino'
import { openLog } from '../open-log.ts'
import type { Replay } from '../replay/open-replay.ts'
import { runReplay } from '../replay/run-replay.ts'
import { requireAllowed } from '../serve/listening.ts'
import { addListenOptions, type ListenFlags, listeningOf } from './listen-options.ts'
import { parseNumber } from './number-argument.ts'
import { parseFile } from './source-options.ts'
import { print } from './text.ts'
import { withRecord } from './with-record.ts'

type Flags = ListenFlags & { speed: number }

export const replayCommand = (): Command =>
  addListenOptions(
    new Command('replay')
      .description(
        'a record in the dashboard, from any host: SQLite, NDJSON as exported, or what daemon --record writes; also gzipped',
      )
      .argument('<file>', 'the record; it is only read', parseFile)
      .option(
        '--speed <n>',
        'seconds of the record per second, or max: be at its end at once',
        parseSpeed,
        1,
      ),
    'where the dashboard is served',
  ).action(async (file: string, flags: Flags) => {
    const listening = listeningOf(flags)
    await requireAllowed(listening)
    await withRecord(file, async (replay) => {
      const speed = Number.isFinite(flags.speed) ? flags.speed : null
      const log = openLog('warn', pino.destination({ dest: 2, sync: true }))
      const { url, stop } = await runReplay(replay, speed, listening, log)
      print(about(replay))
      print(url)
      await interrupted()
      stop()
    })
  })

/** `max` and 0 mean at once: infinitely fast. */
export const parseSpeed = (text: string): number => {
  const speed = text === 'max' ? Number.POSITIVE_INFINITY : parseAnySpeed(text)
  return speed === 0 ? Number.POSITIVE_INFINITY : speed
}

const parseAnySpeed = parseNumber(0, 1_000_000, 'max, or a number')

const about = ({ name, state, damage }: Replay): string =>
  [
    `${name}: ${state.host ? `${state.host.hostname}, Linux ${state.host.kernel}` : 'of an unknown host'}, up to ${state.time}`,
    ...(damage === null ? [] : [`damaged: ${damage}`]),
  ].join('; ')

const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
