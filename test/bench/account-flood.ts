import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  write,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { accountedFor } from '../../daemon/store/accounted-for.ts'
import { openDatabase } from '../../daemon/store/open-database.ts'

export type FloodOptions = {
  /** Bundles of account-child.ts and daemon/store/store-worker.ts. */
  childFile: string
  workerFile: string
  /** For the record and what belongs to it. */
  dir: string
  /** What a tracer writes before its records. */
  prologue: Uint8Array
  /** Of 256 bytes each; each of them becomes one event. */
  frames: readonly Uint8Array[]
  seconds: number
  framesPerS: number
  /** Between two ends of the daemon, at random up to twice as long. */
  meanRunS: number
}

export type FloodResult = {
  sent: number
  /** Taken from the pipe by a read that SIGKILL did not let return: nobody can count them, the gap stands for them. */
  inReads: number
  /** Events the daemon made by itself: its starts, stops, and what it says of losses. */
  own: number
  /** In the records at the end: events, and those counted as lost, by place. */
  recorded: number
  lost: Record<string, number>
  kills: number
  stops: number
  slowestStopMs: number
  /** sent + own - inReads - recorded - lost: must be 0. */
  difference: number
  problems: string[]
}

/** So that every read of the pipe ends with a frame: one that is killed takes whole frames with it. */
export const floodFrameBytes = 256
const largestRead = 65_536
/** A record larger than this is counted and begun anew: ten minutes would fill a disk. */
const largestRecordBytes = 300_000_000

const writeAll = promisify(write) as (
  fd: number,
  data: Buffer,
  offset: number,
) => Promise<{ bytesWritten: number }>

/** Floods a daemon with records, ends it at random moments, one way or the other, and adds up what became of each. */
export const floodWithKills = async (options: FloodOptions): Promise<FloodResult> => {
  const { dir, childFile, workerFile, frames, seconds, framesPerS, meanRunS } = options
  const file = join(dir, 'klpscope.db')
  const accountFile = join(dir, 'account.json')
  const fifo = join(dir, 'frames')
  const prologueFile = join(dir, 'prologue')
  writeFileSync(prologueFile, options.prologue)
  if (spawnSync('mkfifo', [fifo]).status !== 0) throw new Error(`mkfifo ${fifo} failed`)
  // Whoever writes must not be ended by the reader's end, nor lose what waits in the pipe.
  const ends = openSync(fifo, constants.O_RDWR)
  const drain = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const result: FloodResult = {
    sent: 0,
    inReads: 0,
    own: 0,
    recorded: 0,
    lost: {},
    kills: 0,
    stops: 0,
    slowestStopMs: 0,
    difference: 0,
    problems: [],
  }
  /** Read back from the pipe at a kill, to be written first. */
  const again: Buffer[] = []
  /** At each kill between two writes: frames that the account may know already. */
  const unsure: number[] = []
  let next = 0

  const put = async (data: Buffer): Promise<void> => {
    for (let at = 0; at < data.length; ) at += (await writeAll(ends, data, at)).bytesWritten
  }
  const batchOf = (count: number): Buffer =>
    Buffer.concat(Array.from({ length: count }, () => frames[next++ % frames.length] ?? new Uint8Array(0)))

  /** Feeds at the rate asked for until told to stop; what the pipe does not take in time is not sent. */
  const feed = async (stop: AbortSignal): Promise<number> => {
    let written = 0
    for (const data of again.splice(0)) {
      await put(data)
      written += data.length / floodFrameBytes
    }
    for (let due = performance.now(); !stop.aborted; due = Math.max(due + 10, performance.now() - 100)) {
      if (due > performance.now()) await sleep(due - performance.now())
      const count = Math.ceil(framesPerS / 100)
      if (stop.aborted) break
      await put(batchOf(count))
      written += count
    }
    return written
  }
  /** Takes back what the daemon has not read; whoever still writes can do so. */
  const readBack = async (fed: Promise<number>): Promise<number> => {
    const buffer = Buffer.alloc(largestRead)
    let bytes = 0
    let settled = false
    void fed.then(() => {
      settled = true
    })
    for (;;) {
      try {
        const read = readSync(drain, buffer)
        again.push(Buffer.from(buffer.subarray(0, read)))
        bytes += read
      } catch {
        // Nothing in it, for now.
        if (settled) return bytes / floodFrameBytes
        await sleep(1)
      }
    }
  }

  const oneRun = async (lastMs: number | null): Promise<void> => {
    const truthFile = join(dir, 'truth.json')
    rmSync(truthFile, { force: true })
    const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
    const child = spawn(
      process.execPath,
      [childFile, file, workerFile, accountFile, truthFile, prologueFile],
      {
        stdio: [reading, 'pipe', 'inherit'],
      },
    )
    closeSync(reading)
    const kill = lastMs === null && Math.random() < 0.7
    const output = outputOf(child)
    const exited = once(child, 'exit')
    const feeding = new AbortController()
    const fed = lastMs === 0 ? Promise.resolve(0) : feed(feeding.signal)
    if (!kill) await Promise.race([output.ready, exited])
    await Promise.race([sleep(lastMs ?? Math.random() * 2_000 * meanRunS), exited])
    if (child.exitCode !== null) result.problems.push(`the daemon ended by itself with ${child.exitCode}`)
    const begun = performance.now()
    child.kill(kill ? 'SIGKILL' : 'SIGTERM')
    const stuck = setTimeout(() => child.kill('SIGKILL'), 30_000)
    feeding.abort()
    await exited
    clearTimeout(stuck)
    const back = await readBack(fed)
    const taken = (await fed) - back
    const truth = readTruth(truthFile)
    result.sent += taken
    result.own += truth.own
    const inRead = taken - truth.frames
    result.inReads += inRead
    if (truth.unsure > 0) unsure.push(truth.unsure)
    if (inRead < 0 || inRead > (kill ? largestRead / floodFrameBytes : 0))
      result.problems.push(`${taken} frames were taken, ${truth.frames} were counted`)
    if (kill) result.kills++
    else {
      result.stops++
      result.slowestStopMs = Math.max(result.slowestStopMs, performance.now() - begun)
      if (!output.isComplete()) result.problems.push('a stop ended without its account')
    }
    if (!kill && existsSync(file) && statSync(file).size > largestRecordBytes && lastMs === null)
      await settle()
  }

  /** One more start tells of what the last end left open; then the record is complete. */
  const settle = async (): Promise<void> => {
    await oneRun(0)
    const database = openDatabase(file)
    const sums = database
      .prepare(
        `SELECT json_extract(data, '$.place') AS place, sum(json_extract(data, '$.count')) AS count FROM events
         WHERE kind = 'events-lost' GROUP BY place`,
      )
      .all() as { place: string | null; count: number }[]
    for (const { place, count } of sums) {
      const name = place ?? 'kernel'
      result.lost[name] = (result.lost[name] ?? 0) + count
    }
    const rows = database.prepare('SELECT count(*) FROM events').pluck().get() as number
    const lost = sums.reduce((sum, { count }) => sum + count, 0)
    if (accountedFor(database, 0, null) !== rows + lost) result.problems.push('the record contradicts itself')
    result.recorded += rows
    database.close()
    const [left] = JSON.parse(readFileSync(accountFile, 'utf8').split('\n')[0] ?? '[]') as { open: number }[]
    if (left?.open !== 0) result.problems.push(`${left?.open} events are open after the end`)
    for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(file + suffix, { force: true })
    rmSync(accountFile)
  }

  const endsAt = performance.now() + seconds * 1_000
  while (performance.now() < endsAt) await oneRun(null)
  await oneRun(1_000)
  await settle()
  closeSync(ends)
  closeSync(drain)
  const lost = Object.values(result.lost).reduce((sum, count) => sum + count, 0)
  result.inReads -= knownAfterAll(unsure, result.recorded + lost - result.own - result.sent + result.inReads)
  result.difference = result.sent - result.inReads + result.own - result.recorded - lost
  return result
}

/** `wanted` when some of these make up just that; otherwise 0. */
const knownAfterAll = (unsure: readonly number[], wanted: number): number => {
  const sums = new Set([0])
  for (const count of unsure) for (const sum of [...sums]) sums.add(sum + count)
  return sums.has(wanted) ? wanted : 0
}

type Truth = { frames: number; unsure: number; own: number }
const readTruth = (file: string): Truth => {
  try {
    return JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '') as Truth
  } catch {
    // Ended before it had begun.
    return { frames: 0, unsure: 0, own: 0 }
  }
}

const outputOf = (child: ChildProcess): { ready: Promise<void>; isComplete: () => boolean } => {
  let text = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk
      if (text.startsWith('"ready"')) resolve()
    })
  })
  return { ready, isComplete: () => text.includes('"stopMs"') }
}
