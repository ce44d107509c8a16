import { join } from 'node:path'
import type { Sample } from '../contract/timeline.ts'
import { recordingsDir } from '../package-paths.ts'
import type { ApiOptions } from '../serve/api.ts'
import type { Samples } from '../serve/samples-api.ts'
import { openReplay, type Replay } from './open-replay.ts'
import { replayApi } from './replay-api.ts'

/** Real recordings from the lab, see test/recordings. */
const shipped: readonly (Sample & { recording: string })[] = [
  {
    name: 'stall-6.1',
    title: 'A kernel thread that sleeps in a function to be patched holds a transition up',
    kernel: '6.1',
    recording: 'stall-sleeping-6.1',
  },
  {
    name: 'leak-6.1',
    title: 'Shadow variables stay behind when the patch that owns them is disabled',
    kernel: '6.1',
    recording: 'leak-6.1',
  },
  {
    name: 'refused-6.1',
    title: 'The kernel refuses a patch whose states are older than those in place',
    kernel: '6.1',
    recording: 'state-incompatible-6.1',
  },
  {
    name: 'replace-6.1',
    title: 'An atomic replace: callbacks that are not called, shadow variables that live on',
    kernel: '6.1',
    recording: 'replace-6.1',
  },
]

/** What nobody looks at any more is closed after this. */
const idleMs = 10 * 60_000

type Opened = { replay: Promise<Replay>; options: Promise<ApiOptions>; timer: NodeJS.Timeout }

/** The recordings that come with klpscope, opened when somebody asks for one. */
export const createSamples = (): Samples & { close: () => void } => {
  const opened = new Map<string, Opened>()
  const list = shipped.map(({ name, title, kernel }): Sample => ({ name, title, kernel }))

  const close = (name: string): void => {
    const sample = opened.get(name)
    opened.delete(name)
    clearTimeout(sample?.timer)
    sample?.replay.then((replay) => replay.close()).catch(() => undefined)
  }

  const open = (name: string, recording: string): Opened => {
    const replay = openReplay(join(recordingsDir, `${recording}.recording.gz`))
    replay.catch(() => close(name))
    const options = replay.then((it) => replayApi({ ...it, name }, 1, list))
    const sample: Opened = { replay, options, timer: setTimeout(() => close(name), idleMs).unref() }
    opened.set(name, sample)
    return sample
  }

  return {
    list,
    open: async (name) => {
      const known = shipped.find((sample) => sample.name === name)
      if (!known) return null
      const sample = opened.get(name) ?? open(name, known.recording)
      sample.timer.refresh()
      return sample.options
    },
    close: () => {
      for (const name of [...opened.keys()]) close(name)
    },
  }
}
