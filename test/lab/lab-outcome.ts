import { LAB_EXIT } from './lab-error.ts'

export type LabOutcomeKind =
  | 'script-ended'
  | 'stopped'
  | 'vm-not-ready'
  | 'kernel-crashed'
  | 'daemon-not-ready'
  | 'timed-out'
  | 'vm-vanished'

/** How a session in the lab ended. */
export interface LabOutcome {
  readonly kind: LabOutcomeKind
  /** For the shell: the script's own, or one of LAB_EXIT. */
  readonly exitCode: number
  /** Cause and remedy in a sentence each; empty when all went well. */
  readonly message: string
}

const CRASH = /Kernel panic - not syncing|Oops: |kernel BUG at |BUG: unable to handle/

/** How many lines of a log belong under a message. */
const EXCERPT_LINES = 15

/** What a serial console says from the first line of a kernel crash on; empty without one. */
export const findCrash = (serial: string): string[] => {
  const lines = serial.split('\n').map((line) => line.trimEnd())
  const first = lines.findIndex((line) => CRASH.test(line))
  return first < 0 ? [] : lines.slice(first, first + EXCERPT_LINES)
}

/** The last lines of a log, for a person to read under the message. */
export const tailOf = (text: string, lines = EXCERPT_LINES): string =>
  text
    .split('\n')
    .filter((line) => line.trim())
    .slice(-lines)
    .join('\n')

export interface SessionFacts {
  /** Lines the VM said over its status port. */
  readonly said: readonly string[]
  /** What the host did about it. */
  readonly stoppedBecause?: 'asked' | 'timeout' | 'boot-deadline'
  readonly serial: string
  readonly qemuStderr: string
  readonly daemonLog: string
  readonly scriptLog: string
  readonly limits: { bootS: number; daemonS: number; totalS: number }
}

const said = (facts: SessionFacts, word: string): string | undefined =>
  facts.said.find((line) => line === word || line.startsWith(`${word} `))

const numberIn = (line: string): number => Number(line.split(' ')[1])

const withTail = (sentences: string, title: string, log: string): string =>
  log.trim() ? `${sentences}\n--- ${title} ---\n${tailOf(log)}` : sentences

/** Reads what happened from the facts; pure, so that every way to fail has a test. */
export const judgeOutcome = (facts: SessionFacts): LabOutcome => {
  const serial = (sentences: string) => withTail(sentences, 'end of serial.log', facts.serial)
  const scriptLog = (sentences: string) => withTail(sentences, 'end of script.log', facts.scriptLog)
  const daemonLog = (sentences: string) => withTail(sentences, 'end of daemon.log', facts.daemonLog)
  const failed = (kind: LabOutcomeKind, exitCode: number, message: string) => ({ kind, exitCode, message })

  const [crash, ...trace] = findCrash(facts.serial)
  if (crash !== undefined) {
    const text = `The kernel in the VM crashed: ${crash.trim()}. Read serial.log for what led there.`
    return failed('kernel-crashed', LAB_EXIT.kernelCrashed, withTail(text, 'crash', trace.join('\n')))
  }
  if (facts.stoppedBecause === 'asked') return failed('stopped', 0, '')
  if (facts.stoppedBecause === 'timeout') {
    const text = `The session exceeded ${facts.limits.totalS} s and was ended. See script.log for where it hung, or raise --timeout.`
    return failed('timed-out', LAB_EXIT.timedOut, scriptLog(text))
  }
  const died = said(facts, 'daemon-died')
  if (died) {
    const text = `The daemon in the VM ended with code ${numberIn(died)} before it was ready. Its log says why; build it anew with npm run build if dist/klpscope.js is stale or missing.`
    return failed('daemon-not-ready', LAB_EXIT.daemonNotReady, daemonLog(text))
  }
  if (said(facts, 'daemon-late')) {
    const text = `The daemon in the VM was not ready within ${facts.limits.daemonS} s. Its log says how far it came.`
    return failed('daemon-not-ready', LAB_EXIT.daemonNotReady, daemonLog(text))
  }
  const done = said(facts, 'done')
  if (done) return failed('script-ended', numberIn(done), '')
  if (!said(facts, 'guest-ready')) {
    const cause =
      facts.stoppedBecause === 'boot-deadline'
        ? `The VM was not up within ${facts.limits.bootS} s.`
        : 'QEMU ended before the VM was up.'
    const text = `${cause} ${facts.qemuStderr.trim() || 'serial.log shows how far it came; a busy machine may need a second try.'}`
    return failed('vm-not-ready', LAB_EXIT.vmNotReady, serial(text))
  }
  const text =
    `The VM ended without a word, by its own poweroff or from outside. ${facts.qemuStderr.trim()}`.trim()
  return failed('vm-vanished', LAB_EXIT.vmVanished, scriptLog(`${text} Read script.log for what ran last.`))
}
