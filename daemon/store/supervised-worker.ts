import type { Worker } from 'node:worker_threads'
import { type Caller, callOver, type Methods, ThreadEnded } from './thread-calls.ts'

export type SupervisedWorker<M extends Methods> = {
  /** Rejects with ThreadEnded while there is no thread. */
  call: Caller<M>
  end: () => Promise<void>
}

const firstRestartMs = 250
const longestRestartMs = 10_000
/** What has lived this long starts anew without delay when it ends. */
const longLifeMs = 60_000

/**
 * A thread that is started again when it ends by itself, such as for lack of memory: soon at first, later and later if
 * it ends again.
 * @param greet what it is asked first when it was started again; when that fails it is started again later
 */
export const superviseWorker = <M extends Methods>(
  start: () => Worker,
  greet: (call: Caller<M>) => Promise<unknown>,
): SupervisedWorker<M> => {
  let worker = start()
  let call = callOver<M>(worker)
  let startedAtMs = performance.now()
  let restarts = 0
  let isEnding = false
  let timer: NodeJS.Timeout | undefined
  const none: Caller<M> = () => Promise.reject(new ThreadEnded('it is being started again'))

  const watch = (watched: Worker): void => {
    watched.once('exit', () => {
      if (isEnding) return
      call = none
      if (performance.now() - startedAtMs > longLifeMs) restarts = 0
      timer = setTimeout(restart, Math.min(longestRestartMs, firstRestartMs * 2 ** restarts++))
    })
  }
  const restart = (): void => {
    const next = start()
    worker = next
    startedAtMs = performance.now()
    watch(next)
    const ask = callOver<M>(next)
    greet(ask).then(
      () => {
        if (worker === next) call = ask
      },
      () => void next.terminate(),
    )
  }
  watch(worker)
  return {
    call: (method, ...args) => call(method, ...args),
    end: async () => {
      isEnding = true
      clearTimeout(timer)
      await worker.terminate()
    },
  }
}

/**
 * A thread that is there while somebody asks it: the first call starts it, and it ends when nobody has called for so
 * long. Then the next call waits until another has started.
 */
export const workerOnDemand = <M extends Methods>(
  start: () => SupervisedWorker<M>,
  idleMs: number,
): SupervisedWorker<M> => {
  let worker: SupervisedWorker<M> | undefined
  let calls = 0
  let timer: NodeJS.Timeout | undefined
  let isEnded = false
  const rest = async (): Promise<void> => {
    clearTimeout(timer)
    const resting = worker
    worker = undefined
    await resting?.end()
  }
  return {
    call: (method, ...args) => {
      if (isEnded) return Promise.reject(new ThreadEnded('the record is closed'))
      clearTimeout(timer)
      worker ??= start()
      calls++
      return worker.call(method, ...args).finally(() => {
        if (--calls === 0) timer = setTimeout(rest, idleMs).unref()
      })
    },
    end: async () => {
      isEnded = true
      await rest()
    },
  }
}
