import { UserError } from '../user-error.ts'

/** What another thread can be asked for; every answer comes as a promise. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters are whatever the methods take
export type Methods = { [name: string]: (...args: any[]) => unknown }

/** Calls over a port: one message each way. */
export type Caller<M extends Methods> = <K extends keyof M & string>(
  method: K,
  ...args: Parameters<M[K]>
) => Promise<Awaited<ReturnType<M[K]>>>

/** The same methods, each answering with a promise. */
export type Remote<M extends Methods> = {
  [K in keyof M]: (...args: Parameters<M[K]>) => Promise<Awaited<ReturnType<M[K]>>>
}

/** The same methods, answering with a promise or at once. */
export type Eventually<M extends Methods> = {
  [K in keyof M]: (...args: Parameters<M[K]>) => ReturnType<M[K]> | Promise<Awaited<ReturnType<M[K]>>>
}

type Call = { id: number; method: string; args: unknown[] }
type Reply = { id: number; value?: unknown; error?: PlainError }
/** What is left of an error after its passage: a copy between threads keeps none of its own fields. */
type PlainError = { message: string; stack?: string; fields: Record<string, string | number> }

type Port = {
  postMessage: (message: unknown) => void
  on: (event: string, listener: (message: unknown) => void) => unknown
}

/** Answers the calls that come in over a port, one at a time and in their order when the methods are synchronous. */
export const answerCalls = (port: Port, methods: Methods): void => {
  port.on('message', (message) => {
    const { id, method, args } = message as Call
    const answer = (reply: Omit<Reply, 'id'>) => port.postMessage({ id, ...reply })
    try {
      const value = methods[method]?.(...args)
      if (value instanceof Promise)
        value.then(
          (settled) => answer({ value: settled }),
          (error) => answer({ error: plain(error) }),
        )
      else answer({ value })
    } catch (error) {
      answer({ error: plain(error) })
    }
  })
}

/** The thread is no more: what it was asked may be done or not. */
export class ThreadEnded extends UserError {
  constructor(why: string) {
    super(
      `the thread that keeps the record ended (${why}).`,
      'It is started again by itself. If this repeats: see the log, and give the daemon more memory.',
    )
    this.name = 'ThreadEnded'
  }
}

/**
 * The other end of answerCalls. A call rejects with what the method threw: a UserError, or an Error, with its fields;
 * or with ThreadEnded.
 */
export const callOver = <M extends Methods>(port: Port): Caller<M> => {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  let lastId = 0
  let ended: ThreadEnded | undefined
  const end = (why: string): void => {
    ended ??= new ThreadEnded(why)
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  port.on('error', (error) => end(error instanceof Error ? error.message : String(error)))
  port.on('exit', (code) => end(`exit code ${code}`))
  port.on('message', (message) => {
    const { id, value, error } = message as Reply
    const call = waiting.get(id)
    waiting.delete(id)
    if (error) call?.reject(revive(error))
    else call?.resolve(value as never)
  })
  return (method, ...args) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended)
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      port.postMessage({ id, method, args } satisfies Call)
    })
}

/** Methods by name, for who would rather not know that another thread answers. */
export const remoteMethods = <M extends Methods>(
  names: readonly (keyof M & string)[],
  call: Caller<M>,
): Remote<M> =>
  Object.fromEntries(
    names.map((name) => [name, (...args: Parameters<M[typeof name]>) => call(name, ...args)]),
  ) as Remote<M>

const plain = (error: unknown): PlainError => {
  if (!(error instanceof Error)) return { message: String(error), fields: {} }
  const { message, stack } = error
  const fields = Object.entries(error).filter(([, value]) => ['string', 'number'].includes(typeof value))
  return { message, ...(stack === undefined ? {} : { stack }), fields: Object.fromEntries(fields) }
}

const revive = ({ message, stack, fields }: PlainError): Error => {
  const error = 'remedy' in fields ? new UserError(message, String(fields.remedy)) : new Error(message)
  return Object.assign(error, stack === undefined ? {} : { stack }, fields)
}
