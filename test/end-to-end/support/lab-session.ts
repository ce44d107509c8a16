import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LabOptions, type LabResult, startLab } from '../../lab/lab.ts'

export type LabSession = {
  url: string
  outDir: string
  /** What the daemon answers at a path below /api/v1. */
  get: <T>(path: string) => Promise<T>
  /** Waits until the script in the VM has reached a step. */
  at: (step: string) => Promise<void>
  /** Lets the script go on from a step. */
  go: (step: string) => void
  /** A file the script left in /lab/out. */
  read: (name: string) => string
  outcome: Promise<LabResult>
  stop: () => Promise<unknown>
}

/** What the tracer's status is when all is attached that this kernel offers: 5.10 lacks some of the functions. */
export const wholeOn = (kernel: string) => (kernel === '5.10' ? 'degraded' : 'observing')

/** The kernels to prove things on; KLPSCOPE_KERNELS narrows them while developing. */
export const kernels = (process.env.KLPSCOPE_KERNELS ?? '6.1,6.12,7.2').split(',')

/** Boots a lab whose script (see steps.sh) goes step by step with the test. */
export const openLab = async (
  kernel: string,
  script: string,
  options: Partial<LabOptions> = {},
): Promise<LabSession> => {
  const { outDir = mkdtempSync(join(tmpdir(), 'klpscope-test-')) } = options
  const lab = await startLab({
    kernel,
    script: join(import.meta.dirname, '..', script),
    daemon: false,
    ...options,
    outDir,
  })
  let ended: LabResult | undefined
  void lab.outcome.then((result) => {
    ended = result
  })
  const read = (name: string) => readFileSync(join(outDir, name), 'utf8')
  const at = async (step: string): Promise<void> => {
    while (!existsSync(join(outDir, `at-${step}`))) {
      if (ended) {
        const script = existsSync(join(outDir, 'script.log')) ? read('script.log') : ''
        throw new Error(
          `The script ended (${ended.exitCode}) before step ${step}. ${ended.message}\n${script}\nSee ${outDir}`,
        )
      }
      await sleep(50)
    }
  }
  return {
    url: lab.url,
    outDir,
    get: async <T>(path: string) => (await (await fetch(`${lab.url}/api/v1/${path}`)).json()) as T,
    at,
    go: (step) => writeFileSync(join(outDir, `go-${step}`), ''),
    read,
    outcome: lab.outcome,
    stop: () => lab.stop(0),
  }
}
