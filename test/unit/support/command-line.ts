import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { bundleProgram } from './bundle.ts'

export type Outcome = {
  exitCode: number | undefined
  signal: string | undefined
  stdout: string
  stderr: string
  tookMs: number
  /** The most memory it had at any moment. */
  peakMb: number
}

/** The real program, built into a folder. @returns its file */
export const buildProgram = async (dir: string): Promise<string> => {
  mkdirSync(join(dir, 'dist'), { recursive: true })
  copyFileSync(join(import.meta.dirname, '../../../package.json'), join(dir, 'package.json'))
  return bundleProgram('daemon/main.ts', join(dir, 'dist'))
}

/** The same; answers with how a run of it ended. */
export const buildCommandLine = async (dir: string): Promise<(...args: string[]) => Promise<Outcome>> => {
  const program = await buildProgram(dir)
  const meter = join(dir, 'meter.cjs')
  writeFileSync(
    meter,
    "process.on('exit', () => require('fs').writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)))",
  )
  let runs = 0
  return async (...args) => {
    const peakFile = join(dir, `peak-${runs++}`)
    writeFileSync(peakFile, '')
    const begun = performance.now()
    const { exitCode, signal, stdout, stderr } = await execa(
      process.execPath,
      ['--require', meter, program, ...args],
      {
        reject: false,
        timeout: 30_000,
        killSignal: 'SIGKILL',
        env: { PEAK_FILE: peakFile, KLPSCOPE_URL: 'http://127.0.0.1:9' },
      },
    )
    return {
      exitCode,
      signal,
      stdout,
      stderr,
      tookMs: performance.now() - begun,
      peakMb: Number(readFileSync(peakFile, 'utf8')) / 1000,
    }
  }
}
