import { readFileSync } from 'node:fs'
import type { RawBody, RawCaller, RawSymbol } from '../probes/raw-record.ts'
import type { RecordOf } from '../raw/records.ts'
import type { QuietTime } from './quiet-time.ts'
import { lookUpModules } from './symbol-lookup.ts'

const moduleList = '/proc/modules'
/**
 * When an address in no module is looked up again, in ms: a module that is just being loaded or removed may be missing
 * from the list for a moment.
 */
const againMs: readonly number[] = [1_000, 5_000, 30_000]
/** Addresses come in bursts; and what is told at once has to be ahead of what is told then. */
const gatherMs = 500

export type ShadowCallers = {
  /** What is to be told right behind such a record: the module at the address it tells. */
  follow: (record: RecordOf<'shadow-user'>) => RawBody
  /** Resolves once what was begun is done. */
  stop: () => Promise<void>
}

/**
 * Names those who use shadow variables. The module is read at once, it may be gone a second later; its functions are
 * searched for when that disturbs nobody.
 */
export const createShadowCallers = (
  quiet: QuietTime,
  emit: (body: RawBody) => void,
  onError: (error: unknown) => void,
): ShadowCallers => {
  let waiting: RawCaller[] = []
  let timer: NodeJS.Timeout | undefined
  const retries = new Set<NodeJS.Timeout>()
  let working: Promise<void> = Promise.resolve()

  const nameFunctions = async (): Promise<void> => {
    const callers = waiting
    waiting = []
    const modules = [...new Set(callers.flatMap(({ module }) => module ?? []))]
    const symbols = await quiet.run((signal) => lookUpModules(modules, signal))
    emit({ source: 'shadow-callers', callers: callers.map((caller) => withFunction(caller, symbols)) })
  }

  const callerAt = (address: string): RawCaller => ({
    address,
    function: null,
    ...moduleAt(address, readFileSync(moduleList, 'utf8')),
  })

  const nameFunctionOf = (caller: RawCaller): void => {
    waiting.push(caller)
    timer ??= setTimeout(() => {
      timer = undefined
      working = working.then(nameFunctions).catch(onError)
    }, gatherMs)
  }

  const lookAgain = (address: string, attempt = 0): void => {
    const delayMs = againMs[attempt]
    if (delayMs === undefined) return
    const retry = setTimeout(() => {
      retries.delete(retry)
      const caller = callerAt(address)
      if (caller.module === null) return lookAgain(address, attempt + 1)
      emit({ source: 'shadow-callers', callers: [caller] })
      nameFunctionOf(caller)
    }, delayMs)
    retries.add(retry)
  }

  return {
    follow: (record) => {
      const address = `0x${record.caller.toString(16)}`
      const caller = callerAt(address)
      if (caller.module === null) lookAgain(address)
      else nameFunctionOf(caller)
      return { source: 'shadow-callers', callers: [caller] }
    },
    stop: async () => {
      clearTimeout(timer)
      for (const retry of retries) clearTimeout(retry)
      await working
    },
  }
}

/**
 * Of /proc/modules: `name size references users state address (taints)`; the address is that of its code. Behind the
 * taints stands + while it is being loaded, - while it is being removed. Source: kernel/module/procfs.c, m_show;
 * kernel/module/main.c, module_flags.
 */
const moduleLine = /^(\S+) (\d+) \S+ \S+ \S+ 0x([0-9a-f]+)(?: \(([^)]*)\))?$/gm

/** TAINT_LIVEPATCH, kernel/panic.c. */
const livepatchTaint = 'K'

/** The module whose code is at an address, by the text of /proc/modules. */
export const moduleAt = (address: string, modules: string): Pick<RawCaller, 'module' | 'livepatch'> => {
  const at = BigInt(address)
  let nearest: { base: bigint; module: string; livepatch: boolean } | null = null
  for (const [, module = '', size = '0', base = '0', taints = ''] of modules.matchAll(moduleLine)) {
    const from = BigInt(`0x${base}`)
    // The size is that of all its parts, which need not follow each other: the nearest below is the one.
    if (from === 0n || at < from || at >= from + BigInt(size) || (nearest && nearest.base > from)) continue
    nearest = { base: from, module, livepatch: taints.includes(livepatchTaint) }
  }
  return { module: nearest?.module ?? null, livepatch: nearest?.livepatch ?? false }
}

/** With the last function of its module that begins before it. */
const withFunction = (caller: RawCaller, symbols: readonly RawSymbol[]): RawCaller => {
  const at = BigInt(caller.address)
  let nearest: RawSymbol | null = null
  for (const symbol of symbols) {
    if (symbol.module !== caller.module || symbol.name?.startsWith('__pfx_')) continue
    const begins = BigInt(symbol.address)
    if (begins < at && (nearest === null || begins > BigInt(nearest.address))) nearest = symbol
  }
  return { ...caller, function: nearest?.name ?? null }
}
