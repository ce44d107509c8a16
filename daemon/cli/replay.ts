import { Command, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import { openReplay, type Replay } from '../replay/open-replay.ts'
import { runReplay } from '../replay/run-replay.ts'
import type { ListenAddress } from '../serve/server.ts'
import { listenOption } from './daemon.ts'
import { print } from './text.ts'

type Flags = { speed: number; listen: ListenAddress }

export const replayCommand = (): Command =>
  new Command('replay')
    .description(
      'a record in the dashboard, from any host: SQLite, or NDJSON as exported or recorded; also gzipped',
    )
    .argument('<file>', 'the record; it is only read')
    .option('--speed <n>', 'seconds of the record per second, or max: be at its end at once', parseSpeed, 1)
    .addOption(listenOption('where the dashboard is served'))
    .action(async (file: string, { speed, listen }: Flags) => {
      const replay = await openReplay(file)
      const pageSpeed = Number.isFinite(speed) ? speed : null
      const log = pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true }))
      try {
        const stop = await runReplay(replay, pageSpeed, listen, log)
        print(about(replay))
        print(`http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}/`)
        await interrupted()
        stop()
      } finally {
        replay.close()
      }
    })

/** `max` and 0 mean at once: infinitely fast. */
export const parseSpeed = (text: string): number => {
  if (text === 'max') return Number.POSITIVE_INFINITY
  const speed = Number(text)
  if (text.trim() === '' || !Number.isFinite(speed) || speed < 0)
    throw new InvalidArgumentError('It has to be a number of 0 or more, or max.')
  return speed === 0 ? Number.POSITIVE_INFINITY : speed
}

const about = ({ name, state, malformed, damage }: Replay): string =>
  [
    `${name}: ${state.host ? `${state.host.hostname}, Linux ${state.host.kernel}` : 'of an unknown host'}, up to ${state.time}`,
    malformed > 0 && `${malformed} of its lines could not be read`,
    damage !== null && `its end is missing (${damage})`,
  ]
    .filter((part) => part !== false)
    .join('; ')

const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
