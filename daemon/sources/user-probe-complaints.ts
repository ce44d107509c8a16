import { bpftraceLine, splitLines } from '../raw/bpftrace-output.ts'
import { printableText } from '../raw/printable.ts'
import { shellQuoteFile } from '../words/shell-quote.ts'

const kept = 50
const longestBytes = 4_000
const toldLength = 1_000
/** What a shell answers when it does not find a program. */
const notFound = 127
/** Written by the shell (bpf/run-user-probe.sh) into the same pipe: nothing else says what came before it. */
const startedMark = 'klpscope: started'

/** What bpftrace complained of since it was started last. */
export const createUserProbeComplaints = () => {
  let lines: string[] = []
  const add = (line: string): void => {
    if (line === startedMark) lines = []
    else if (lines.length < kept) lines.push(line)
  }
  return {
    read: splitLines(
      longestBytes,
      (line) => add(printableText(bpftraceLine(line)).trim()),
      () => undefined,
    ),
    /** Why it ended, in its own words, and what to do. */
    whyEnded: (exitCode: number, file: string): string => {
      if (exitCode === 0) return 'it ended by itself, with exit(), and is not started again'
      if (exitCode === notFound && lines.some((line) => line.includes('bpftrace')))
        return 'bpftrace is not installed (Debian: apt-get install bpftrace); it is tried again'
      const words = lines.find(isError) ?? lines.at(-1)
      const why = words === undefined ? '' : `: ${words.slice(0, toldLength)}`
      return `bpftrace ended (exit code ${exitCode})${why}; correct the script, which is tried again; by hand: bpftrace ${shellQuoteFile(file)}`
    },
  }
}

/** Not one of a limit that newer kernels do not need any more: bpftrace goes on after that. */
const isError = (line: string): boolean => line.includes('ERROR') && !line.includes('RLIMIT_MEMLOCK')
