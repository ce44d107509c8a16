import type { BenchOptions, GuestBench, Section } from './bench.ts'
import { fixed } from './format.ts'
import { median } from './statistics.ts'

const report = (kernel: string, _options: BenchOptions, read: (file: string) => string): Section[] => {
  const runs = read('attaching')
    .split('\n')
    .map((line) => line.split(' '))
  const secondsOf = (types: string): number[] =>
    runs.filter(([name]) => name === types).map(([, microseconds]) => Number(microseconds) / 1e6)
  const all = median(secondsOf('all'))
  const row = (title: string, types: string): string[] => {
    const seconds = secondsOf(types)
    return [title, String(seconds.length), fixed(median(seconds), 1), fixed(all / median(seconds), 2)]
  }
  return [
    {
      title: `Attaching, Linux ${kernel}: bpftrace until every probe is attached`,
      columns: ['types of the kernel', 'runs', 'median s', 'x faster'],
      rows: [row('all of them', 'all'), row('those that the script needs', 'needed')],
      notes: [
        'Seconds of a CPU that executes 500 million instructions in each; a real one is some ten times as fast.',
        'bpftrace 0.17 searches all types, those of every module too, for each cast to an integer (BTF::find_id, src/btf.cpp). Here few modules are loaded.',
      ],
      data: { kernel, seconds: { all: secondsOf('all'), needed: secondsOf('needed') } },
    },
  ]
}

/** What is it worth that bpftrace gets few of the kernel's types? */
export const attaching: GuestBench = {
  name: 'attaching',
  where: 'guest',
  about: 'time to attach, with the types that are needed and with all',
  part: 'attaching',
  files: (_kernel, { quick }) => ({ 'attaching.sh': `attaching_runs=${quick ? 1 : 2}\n` }),
  report,
}
