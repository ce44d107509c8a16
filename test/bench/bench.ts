/** What a bench has to say, ready to print; `data` is the same for programs (`--json`). */
export interface Section {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** How to read the figures, one sentence or two each. */
  readonly notes: readonly string[]
  readonly verdict?: Verdict
  readonly data: unknown
}

/** `unclear`: measured, but too little or too unevenly to say. */
export interface Verdict {
  readonly outcome: 'passed' | 'failed' | 'unclear'
  readonly text: string
}

export interface BenchOptions {
  /** Cycles measured with and without the daemon, each. */
  readonly pairs: number
  /** Smaller everywhere, to see that a bench works; its figures prove nothing. */
  readonly quick: boolean
  /** How long a bench that floods the daemon does so. */
  readonly minutes?: number
  /** An earlier commit, for benches that can measure it in the same run. */
  readonly against?: string
}

/** Runs on this machine; needs no virtual machine. */
export interface HostBench {
  readonly name: string
  readonly where: 'host'
  readonly about: string
  run(options: BenchOptions): Promise<Section[]>
}

/** Runs in a lab kernel, one boot for all of a kernel's benches on the same clock. */
export interface GuestBench {
  readonly name: string
  readonly where: 'guest'
  readonly about: string
  /** `instructions`: one CPU, and other work on this machine does not show. `host`: two CPUs, and it does. */
  readonly clock: 'instructions' | 'host'
  /** Bash, `guest/<part>.sh`, sourced by `guest/session.sh`. */
  readonly part: string
  /** What the part finds in /lab/out, by file name. */
  files(kernel: string, options: BenchOptions): Record<string, string>
  /** Reads what the part left there. @param read the text of a file, empty when it is missing */
  report(kernel: string, options: BenchOptions, read: (file: string) => string): Section[]
}

export type Bench = HostBench | GuestBench
